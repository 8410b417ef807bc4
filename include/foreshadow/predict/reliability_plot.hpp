// SPDX-License-Identifier: BSL-1.0
//
// A reliability plot as SVG: what was said against what came, a dot for each bin, and the diagonal where both are the
// same. Both axes are logarithmic, since layout changes are rare: on linear ones nearly all rows would be one dot.
#pragma once

#include "foreshadow/predict/score.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace foreshadow {

struct reliability_panel {
    std::string title;
    std::string subtitle;
    std::vector<calibration_bin> bins;
};

namespace detail {

class reliability_drawing {
  public:
    [[nodiscard]] std::string draw(const std::vector<reliability_panel>& panels, std::string_view heading) {
        const double width = margin + static_cast<double>(panels.size()) * (side + margin);
        append(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" font-family=\"sans-serif\" "
            "font-size=\"11\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
            width, top + side + margin);
        text(margin, 20, heading, "start", "#222", 13);
        for (std::size_t i = 0; i < panels.size(); ++i)
            panel(panels[i], margin + static_cast<double>(i) * (side + margin));
        return out_ + "</svg>\n";
    }

  private:
    static constexpr double side = 260;
    static constexpr double margin = 60;
    static constexpr double top = 70;
    static constexpr double least = 1e-4;  ///< probabilities below are drawn at the edge

    template <class... Numbers>
    void append(const char* format, Numbers... numbers) {
        char line[400];
        std::snprintf(line, sizeof line, format, numbers...);
        out_ += line;
    }
    void text(double x, double y, std::string_view words, const char* anchor, const char* colour, int size) {
        append("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" fill=\"%s\" font-size=\"%d\">", x, y, anchor, colour,
               size);
        for (const char c : words) {
            if (c == '<' || c == '&')
                out_ += c == '<' ? "&lt;" : "&amp;";
            else
                out_ += c;
        }
        out_ += "</text>\n";
    }

    /// How far along an axis a probability is, from 0 to 1.
    [[nodiscard]] static double along(double probability) {
        return std::log(std::clamp(probability, least, 1.0) / least) / -std::log(least);
    }

    void panel(const reliability_panel& p, double left) {
        const double bottom = top + side;
        append("<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"none\" stroke=\"#888\"/>\n", left,
               top, side, side);
        for (const double tick : {1e-4, 1e-3, 1e-2, 1e-1, 1.0}) {
            char label[16];
            std::snprintf(label, sizeof label, "%s%g", tick == least ? "\u2264" : "", tick);
            const double at = along(tick) * side;
            append("<path d=\"M%.1f %.1fv%.1fM%.1f %.1fh%.1f\" stroke=\"#ddd\"/>\n", left + at, top, side, left,
                   bottom - at, side);
            text(left + at, bottom + 14, label, "middle", "#444", 10);
            text(left - 5, bottom - at + 4, label, "end", "#444", 10);
        }
        append("<path d=\"M%.1f %.1fL%.1f %.1f\" stroke=\"#999\" stroke-dasharray=\"4 3\"/>\n", left, bottom,
               left + side, top);
        std::size_t most = 1;
        for (const calibration_bin& bin : p.bins) most = std::max(most, bin.rows);
        for (const calibration_bin& bin : p.bins) {
            const double share = static_cast<double>(bin.rows) / static_cast<double>(most);
            append(
                "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\" fill=\"#1f6fb4\" fill-opacity=\".65\">"
                "<title>said %.5f, came %.5f, %.0f rows</title></circle>\n",
                left + along(bin.said) * side, bottom - along(bin.came) * side, 2 + 3 * std::sqrt(share), bin.said,
                bin.came, static_cast<double>(bin.rows));
        }
        text(left, top - 22, p.title, "start", "#222", 12);
        text(left, top - 8, p.subtitle, "start", "#555", 10);
        text(left + side / 2, bottom + 32, "said", "middle", "#222", 11);
        append("<g transform=\"translate(%.1f %.1f) rotate(-90)\">", left - 38, top + side / 2);
        text(0, 0, "came", "middle", "#222", 11);
        out_ += "</g>\n";
    }

    std::string out_;
};

}  // namespace detail

/// One panel beside the other. Complexity: O(bins).
[[nodiscard]] inline std::string reliability_plot(const std::vector<reliability_panel>& panels,
                                                  std::string_view heading) {
    return detail::reliability_drawing{}.draw(panels, heading);
}

}  // namespace foreshadow
