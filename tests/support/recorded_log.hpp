// SPDX-License-Identifier: BSL-1.0
//
// A recorded log of real work, and the layout changes that engines' rules make of it, by an implementation of the
// rules that shares nothing with this one. The log: 443 changes of files in some folders of a public source
// repository, oldest first. A change of layout: when, what, which became which, and the size of what split.
#pragma once

#include <string_view>

namespace recorded_log {

inline constexpr std::string_view writes = R"log(1409509753	I	11719	apps/httpd/httpd.cc
1409509753	I	175	apps/seastar/main.cc
1409819048	U	11705	apps/httpd/httpd.cc
1409821877	U	11707	apps/httpd/httpd.cc
1409823062	U	11727	apps/httpd/httpd.cc
1409845165	U	148	apps/seastar/main.cc
1410346014	U	12273	apps/httpd/httpd.cc
1410353193	U	12253	apps/httpd/httpd.cc
1410582220	U	12366	apps/httpd/httpd.cc
1410763395	U	12090	apps/httpd/httpd.cc
1410763813	U	12085	apps/httpd/httpd.cc
1410850753	U	12092	apps/httpd/httpd.cc
1411395486	U	12002	apps/httpd/httpd.cc
1411553558	U	12046	apps/httpd/httpd.cc
1411560695	U	11519	apps/httpd/httpd.cc
1411993062	U	6162	apps/httpd/httpd.cc
1411993062	I	2467	apps/httpd/request_parser.rl
1412249554	U	6253	apps/httpd/httpd.cc
1412614828	U	6249	apps/httpd/httpd.cc
1412669062	U	6363	apps/httpd/httpd.cc
1412874131	U	6178	apps/httpd/httpd.cc
1413390039	I	2055	apps/memcache/ascii.rl
1413390039	I	14505	apps/memcache/memcache.cc
1413443471	U	2130	apps/memcache/ascii.rl
1413452732	U	2161	apps/memcache/ascii.rl
1413452732	U	14590	apps/memcache/memcache.cc
1413455070	U	2488	apps/httpd/request_parser.rl
1413455070	U	2182	apps/memcache/ascii.rl
1413639200	U	3532	apps/memcache/ascii.rl
1413639200	U	28360	apps/memcache/memcache.cc
1413901814	D	0	apps/memcache/ascii.rl
1413901814	D	0	apps/memcache/memcache.cc
1413901814	I	3532	apps/memcached/ascii.rl
1413901814	I	28361	apps/memcached/memcached.cc
1413903771	U	33705	apps/memcached/memcached.cc
1413962847	U	6199	apps/httpd/httpd.cc
1413988917	U	33774	apps/memcached/memcached.cc
1413991620	U	33833	apps/memcached/memcached.cc
1414049440	U	6387	apps/httpd/httpd.cc
1414049440	U	6071	apps/httpd/httpd.cc
1414058252	U	7178	apps/httpd/httpd.cc
1414326919	U	7311	apps/httpd/httpd.cc
1414430890	U	33832	apps/memcached/memcached.cc
1414492380	U	3642	apps/memcached/ascii.rl
1414492380	U	35369	apps/memcached/memcached.cc
1420451457	I	1655	io/i_serializer.hh
1420451457	I	2088	io/i_versioned_serializer.hh
1420451457	I	226	io/io.cc
1421751838	I	280	docker/dev/Dockerfile
1422901711	I	3820	cql/binary.rl
1422901711	I	18092	cql/server.cc
1422901711	I	374	cql/server.hh
1423473164	U	18433	cql/server.cc
1423502589	D	0	cql/binary.rl
1423502589	D	0	cql/server.cc
1423502589	D	0	cql/server.hh
1425985562	I	1048	http/common.cc
1425985562	I	1219	http/common.hh
1425985562	I	3659	http/exception.hh
1425985562	I	1942	http/handlers.hh
1425985562	I	2252	http/httpd.cc
1425985562	I	9186	http/httpd.hh
1425985562	I	2137	http/matcher.cc
1425985562	I	3149	http/matcher.hh
1425985562	I	3288	http/matchrules.hh
1425985562	I	1031	http/mime_types.cc
1425985562	I	676	http/mime_types.hh
1425985562	I	3593	http/reply.cc
1425985562	I	3799	http/reply.hh
1425985562	I	3175	http/request.hh
1425985562	I	3149	http/request_parser.rl
1425985562	I	3440	http/routes.cc
1425985562	I	5067	http/routes.hh
1425985562	I	1895	json/formatter.cc
1425985562	I	3554	json/formatter.hh
1425985562	I	2614	json/json_elements.cc
1425985562	I	5643	json/json_elements.hh
1428008595	I	4630	http/file_handler.cc
1428008595	I	4866	http/file_handler.hh
1428008595	I	2676	http/function_handlers.hh
1428008595	U	1996	http/handlers.hh
1428008595	U	12467	http/httpd.hh
1428008595	I	1962	http/json_path.cc
1428008595	I	3965	http/json_path.hh
1428008595	U	3168	http/request.hh
1428008595	U	3156	http/request_parser.rl
1428008595	U	3831	http/routes.cc
1428008595	U	5143	http/routes.hh
1428008595	I	16472	json/json2code.py
1428253396	I	1043	http/api_docs.cc
1428253396	I	4687	http/api_docs.hh
1428253396	U	4379	http/function_handlers.hh
1428253396	U	13561	http/httpd.hh
1428253396	U	2090	http/json_path.cc
1428253396	U	4034	http/json_path.hh
1428253396	U	5143	http/routes.hh
1428253396	I	1334	http/transformers.cc
1428253396	I	1730	http/transformers.hh
1428570504	U	1311	http/transformers.cc
1429686736	U	13558	http/httpd.hh
1430043395	U	4671	http/api_docs.hh
1430043395	U	5247	http/routes.hh
1431431227	U	13546	http/httpd.hh
1432054629	U	4803	http/file_handler.cc
1432054629	U	18924	json/json2code.py
1432649311	U	1757	http/common.hh
1432649311	U	2143	http/matcher.cc
1432649311	U	3554	json/formatter.hh
1432809011	I	1657	kvm/README.md
1432809011	I	275	kvm/build.sh
1432809011	I	243	kvm/register.sh
1432809011	I	922	kvm/scripts/bootstrap.sh
1433174521	U	5061	http/file_handler.cc
1433316261	U	2124	json/formatter.cc
1433316261	U	3732	json/formatter.hh
1434021713	U	323	docker/dev/Dockerfile
1434463974	U	15021	http/httpd.hh
1436860320	U	5989	json/json_elements.hh
1436864275	U	6269	json/json_elements.hh
1437328116	D	0	docker/dev/Dockerfile
1437328116	D	0	http/api_docs.cc
1437328116	D	0	http/api_docs.hh
1437328116	D	0	http/common.cc
1437328116	D	0	http/common.hh
1437328116	D	0	http/exception.hh
1437328116	D	0	http/file_handler.cc
1437328116	D	0	http/file_handler.hh
1437328116	D	0	http/function_handlers.hh
1437328116	D	0	http/handlers.hh
1437328116	D	0	http/httpd.cc
1437328116	D	0	http/httpd.hh
1437328116	D	0	http/json_path.cc
1437328116	D	0	http/json_path.hh
1437328116	D	0	http/matcher.cc
1437328116	D	0	http/matcher.hh
1437328116	D	0	http/matchrules.hh
1437328116	D	0	http/mime_types.cc
1437328116	D	0	http/mime_types.hh
1437328116	D	0	http/reply.cc
1437328116	D	0	http/reply.hh
1437328116	D	0	http/request.hh
1437328116	D	0	http/request_parser.rl
1437328116	D	0	http/routes.cc
1437328116	D	0	http/routes.hh
1437328116	D	0	http/transformers.cc
1437328116	D	0	http/transformers.hh
1437328116	D	0	json/formatter.cc
1437328116	D	0	json/formatter.hh
1437328116	D	0	json/json2code.py
1437328116	D	0	json/json_elements.cc
1437328116	D	0	json/json_elements.hh
1442735019	U	2333	io/i_serializer.hh
1442735019	U	2766	io/i_versioned_serializer.hh
1442735019	U	904	io/io.cc
1445522584	I	141	debian/changelog
1445522584	I	2	debian/compat
1445522584	I	742	debian/control
1445522584	I	439	debian/copyright
1445522584	I	112	debian/limits.d/scylla.conf
1445522584	I	1432	debian/rules
1445522584	I	582	debian/scripts/scylla_prepare
1445522584	I	413	debian/scripts/scylla_run
1445522584	I	241	debian/scripts/scylla_stop
1445522584	I	625	debian/scylla-server.postinst
1445522584	I	330	debian/scylla-server.preinst
1445522584	I	859	debian/scylla-server.upstart
1445857168	U	1448	debian/rules
1445857252	U	820	debian/scylla-server.upstart
1445962989	U	1456	debian/rules
1446212500	U	145	debian/changelog
1446212500	U	785	debian/scylla-server.upstart
1446374912	D	0	kvm/README.md
1446374912	D	0	kvm/build.sh
1446374912	D	0	kvm/register.sh
1446374912	D	0	kvm/scripts/bootstrap.sh
1446396743	U	1558	debian/rules
1446463879	U	740	debian/control
1446463879	U	1556	debian/rules
1446630638	D	0	debian/changelog
1446633335	U	1068	debian/control
1446633335	U	1617	debian/rules
1447575979	D	0	debian/compat
1447575979	D	0	debian/control
1447575979	D	0	debian/copyright
1447575979	D	0	debian/limits.d/scylla.conf
1447575979	D	0	debian/rules
1447575979	D	0	debian/scripts/scylla_prepare
1447575979	D	0	debian/scripts/scylla_run
1447575979	D	0	debian/scripts/scylla_stop
1447575979	D	0	debian/scylla-server.postinst
1447575979	D	0	debian/scylla-server.preinst
1447575979	D	0	debian/scylla-server.upstart
1460092367	U	2321	io/i_serializer.hh
1460092367	U	2754	io/i_versioned_serializer.hh
1460092367	U	890	io/io.cc
1520316482	D	0	io/i_serializer.hh
1520316482	D	0	io/i_versioned_serializer.hh
1520316482	D	0	io/io.cc
1527783675	I	10925	imr/alloc.hh
1527783675	I	25093	imr/compound.hh
1527783675	I	2959	imr/concepts.hh
1527783675	I	1847	imr/core.hh
1527783675	I	9739	imr/fundamental.hh
1527783675	I	16890	imr/in_memory_representation.md
1527783675	I	6527	imr/methods.hh
1527783675	I	6261	imr/utils.hh
1530622690	U	6327	imr/utils.hh
1533201024	U	12243	imr/alloc.hh
1533201024	U	6881	imr/utils.hh
1557427884	U	9745	imr/fundamental.hh
1568214065	I	1313	alternator-test/README.md
1568214065	I	8066	alternator-test/conftest.py
1568214065	I	12555	alternator-test/test_batch.py
1568214065	I	1729	alternator-test/test_condition_expression.py
1568214065	I	2344	alternator-test/test_describe_endpoints.py
1568214065	I	8896	alternator-test/test_describe_table.py
1568214065	I	57665	alternator-test/test_expected.py
1568214065	I	39504	alternator-test/test_gsi.py
1568214065	I	20367	alternator-test/test_item.py
1568214065	I	18358	alternator-test/test_lsi.py
1568214065	I	3058	alternator-test/test_nested.py
1568214065	I	13138	alternator-test/test_projection_expression.py
1568214065	I	17207	alternator-test/test_query.py
1568214065	I	8088	alternator-test/test_scan.py
1568214065	I	12748	alternator-test/test_table.py
1568214065	I	55051	alternator-test/test_update_expression.py
1568214065	I	4927	alternator-test/util.py
1569526894	U	57693	alternator-test/test_expected.py
1570115558	U	57601	alternator-test/test_expected.py
1570117503	U	55081	alternator-test/test_update_expression.py
1570371415	U	58095	alternator-test/test_expected.py
1570441100	U	2216	alternator-test/README.md
1570441100	U	8722	alternator-test/conftest.py
1570441100	U	2515	alternator-test/test_describe_endpoints.py
1570449076	U	2202	alternator-test/README.md
1570712266	I	1593	alternator-test/test_authorization.py
1571853068	U	3477	alternator-test/README.md
1571853068	U	8727	alternator-test/conftest.py
1571853068	U	3896	alternator-test/test_authorization.py
1571853068	U	2520	alternator-test/test_describe_endpoints.py
1572102858	I	1392	alternator-test/test_health.py
1573639664	U	57929	alternator-test/test_expected.py
1574261953	I	784	redis-test/README.md
1574261953	I	2588	redis-test/test_strings.py
1574261953	I	1037	redis-test/util.py
1574588129	U	8826	alternator-test/test_describe_table.py
1574588129	U	42258	alternator-test/test_gsi.py
1574588129	U	1413	alternator-test/test_health.py
1574853753	U	20678	alternator-test/test_query.py
1574853753	U	10619	alternator-test/test_scan.py
1574853753	U	5716	alternator-test/util.py
1574854046	U	23473	alternator-test/test_query.py
1574952472	D	0	imr/in_memory_representation.md
1575188997	U	2674	redis-test/test_strings.py
1575209471	U	58610	alternator-test/test_expected.py
1575362420	I	2203	redis-test/test_raw_cmd.py
1575539914	U	2773	redis-test/test_strings.py
1576061309	U	58428	alternator-test/test_expected.py
1576063225	U	58376	alternator-test/test_expected.py
1576067199	U	26925	alternator-test/test_query.py
1576067199	I	10015	alternator-test/test_returnvalues.py
1576155776	U	58777	alternator-test/test_expected.py
1576574876	U	11560	alternator-test/test_scan.py
1578059300	U	11697	alternator-test/test_returnvalues.py
1578059300	U	61021	alternator-test/test_condition_expression.py
1578663090	U	3924	alternator-test/test_authorization.py
1578663090	U	1427	alternator-test/test_health.py
1578988860	U	42147	alternator-test/test_gsi.py
1579524160	U	8763	alternator-test/test_describe_table.py
1579524160	I	3382	alternator-test/test_tag.py
1580032952	U	71236	alternator-test/test_condition_expression.py
1580314307	U	6198	alternator-test/test_tag.py
1580314307	U	5837	alternator-test/util.py
1580314307	U	6222	alternator-test/test_tag.py
1580807298	U	13286	alternator-test/test_batch.py
1580978890	U	9105	alternator-test/conftest.py
1580978890	U	14729	alternator-test/test_batch.py
1580978890	I	1450	alternator-test/test_scylla.py
1580985439	U	74431	alternator-test/test_condition_expression.py
1580985439	U	7058	alternator-test/test_tag.py
1581153009	I	27024	alternator-test/test_key_condition_expression.py
1581153009	U	26309	alternator-test/test_query.py
1581524942	U	14299	alternator-test/test_table.py
1581844950	U	74131	alternator-test/test_condition_expression.py
1581844950	U	7763	alternator-test/test_tag.py
1581844950	U	14535	alternator-test/test_table.py
1581844950	U	30494	alternator-test/test_key_condition_expression.py
1581844950	U	26668	alternator-test/test_query.py
1582035380	U	17050	alternator-test/test_returnvalues.py
1582112390	U	4493	alternator-test/test_authorization.py
1582196758	I	3439	alternator-test/test_large_requests.py
1582270367	U	16882	alternator-test/test_returnvalues.py
1582460378	U	9177	alternator-test/conftest.py
1582461260	U	3884	alternator-test/test_large_requests.py
1582532547	U	2781	redis-test/test_strings.py
1582537043	U	9606	alternator-test/conftest.py
1582537043	U	15637	alternator-test/test_batch.py
1582537090	U	21994	alternator-test/test_item.py
1582537253	U	20345	alternator-test/test_returnvalues.py
1582537253	U	42147	alternator-test/test_gsi.py
1582537253	U	21994	alternator-test/test_item.py
1582537253	U	18358	alternator-test/test_lsi.py
1582537253	U	13138	alternator-test/test_projection_expression.py
1582537253	U	55081	alternator-test/test_update_expression.py
1582701130	U	32438	alternator-test/test_item.py
1582701139	U	55887	alternator-test/test_update_expression.py
1582701146	U	34735	alternator-test/test_item.py
1582701146	U	57330	alternator-test/test_update_expression.py
1582727364	U	1441	alternator-test/test_health.py
1582727364	U	3898	alternator-test/test_large_requests.py
1582727364	U	1464	alternator-test/test_scylla.py
1582869433	D	0	alternator-test/test_large_requests.py
1582869433	I	5258	alternator-test/test_manual_requests.py
1583066120	U	5330	alternator-test/test_manual_requests.py
1583099960	U	9833	alternator-test/conftest.py
1584001080	U	42083	alternator-test/test_gsi.py
1584001080	U	18294	alternator-test/test_lsi.py
1584004078	U	43876	alternator-test/test_gsi.py
1584255453	U	43835	alternator-test/test_gsi.py
1584629386	I	4477	alternator-test/run
1584961749	U	6551	imr/methods.hh
1585634273	U	8318	alternator-test/test_tag.py
1585634281	U	14611	alternator-test/test_table.py
1585824209	U	4621	alternator-test/run
1586164328	U	4603	alternator-test/run
1586346220	U	43945	alternator-test/test_gsi.py
1586349228	U	27061	alternator-test/test_query.py
1586349228	U	11758	alternator-test/test_scan.py
1586601954	U	3621	redis-test/test_strings.py
1586843797	D	0	alternator-test/README.md
1586843797	D	0	alternator-test/conftest.py
1586843797	D	0	alternator-test/run
1586843797	D	0	alternator-test/test_authorization.py
1586843797	D	0	alternator-test/test_batch.py
1586843797	D	0	alternator-test/test_condition_expression.py
1586843797	D	0	alternator-test/test_describe_endpoints.py
1586843797	D	0	alternator-test/test_describe_table.py
1586843797	D	0	alternator-test/test_expected.py
1586843797	D	0	alternator-test/test_gsi.py
1586843797	D	0	alternator-test/test_health.py
1586843797	D	0	alternator-test/test_item.py
1586843797	D	0	alternator-test/test_key_condition_expression.py
1586843797	D	0	alternator-test/test_lsi.py
1586843797	D	0	alternator-test/test_manual_requests.py
1586843797	D	0	alternator-test/test_nested.py
1586843797	D	0	alternator-test/test_projection_expression.py
1586843797	D	0	alternator-test/test_query.py
1586843797	D	0	alternator-test/test_returnvalues.py
1586843797	D	0	alternator-test/test_scan.py
1586843797	D	0	alternator-test/test_scylla.py
1586843797	D	0	alternator-test/test_table.py
1586843797	D	0	alternator-test/test_tag.py
1586843797	D	0	alternator-test/test_update_expression.py
1586843797	D	0	alternator-test/util.py
1588228243	U	4789	redis-test/test_strings.py
1588228788	U	4988	redis-test/test_strings.py
1588589898	U	5186	redis-test/test_strings.py
1591078341	U	12208	imr/alloc.hh
1591078341	U	25057	imr/compound.hh
1591078341	U	2951	imr/concepts.hh
1591078341	U	9734	imr/fundamental.hh
1591078341	U	6839	imr/utils.hh
1594713383	U	6004	redis-test/test_strings.py
1598203905	D	0	redis-test/README.md
1598203905	D	0	redis-test/test_raw_cmd.py
1598203905	D	0	redis-test/test_strings.py
1598203905	D	0	redis-test/util.py
1613562016	D	0	imr/alloc.hh
1613562016	D	0	imr/compound.hh
1613562016	D	0	imr/concepts.hh
1613562016	D	0	imr/core.hh
1613562016	D	0	imr/fundamental.hh
1613562016	D	0	imr/methods.hh
1613562016	D	0	imr/utils.hh
1758055247	I	22453	query/query-request.hh
1758055247	I	6302	query/query-result-reader.hh
1758055247	I	7867	query/query-result-set.cc
1758055247	I	4360	query/query-result-set.hh
1758055247	I	8421	query/query-result-writer.hh
1758055247	I	17517	query/query-result.hh
1758055247	I	17517	query/query.cc
1758055247	I	207	query/query_id.hh
1758055247	I	1220	query/query_result_merger.hh
1758190676	U	23399	query/query-request.hh
1758277371	U	1212	query/query_result_merger.hh
1758536674	I	338	vector_search/CMakeLists.txt
1758536674	I	4201	vector_search/dns.cc
1758536674	I	2003	vector_search/dns.hh
1758536674	I	20396	vector_search/vector_store_client.cc
1758536674	I	4429	vector_search/vector_store_client.hh
1758723859	U	4243	vector_search/dns.cc
1758723859	U	2012	vector_search/dns.hh
1758723859	U	20484	vector_search/vector_store_client.cc
1758723859	U	4339	vector_search/vector_store_client.hh
1758905714	I	1154	vector_search/load_balancer.hh
1758905714	U	20686	vector_search/vector_store_client.cc
1759124445	U	4279	vector_search/dns.cc
1759124445	U	2069	vector_search/dns.hh
1759124445	U	20256	vector_search/vector_store_client.cc
1759124445	U	4113	vector_search/vector_store_client.hh
1759174263	U	4447	vector_search/dns.cc
1759174263	U	2098	vector_search/dns.hh
1759174263	U	20995	vector_search/vector_store_client.cc
1760366551	U	4471	vector_search/dns.cc
1760366551	U	2132	vector_search/dns.hh
1761057715	U	329	vector_search/CMakeLists.txt
1761057715	U	20961	vector_search/vector_store_client.cc
1761057715	U	4159	vector_search/vector_store_client.hh
1763117358	U	358	vector_search/CMakeLists.txt
1763117358	I	5479	vector_search/client.cc
1763117358	I	2175	vector_search/client.hh
1763117358	I	5464	vector_search/clients.cc
1763117358	I	2149	vector_search/clients.hh
1763117358	I	1739	vector_search/error.hh
1763117358	I	316	vector_search/uri.hh
1763117358	U	13220	vector_search/vector_store_client.cc
1763117358	U	2902	vector_search/vector_store_client.hh
1763378167	U	6107	vector_search/client.cc
1763378167	U	2257	vector_search/client.hh
1763378167	I	548	vector_search/utils.hh
1763378167	U	12950	vector_search/vector_store_client.cc
1763622868	U	5711	vector_search/client.cc
1763624238	U	15099	vector_search/vector_store_client.cc
1763819886	U	376	vector_search/CMakeLists.txt
1763819886	U	6364	vector_search/client.cc
1763819886	U	2364	vector_search/client.hh
1763819886	U	5900	vector_search/clients.cc
1763819886	U	2397	vector_search/clients.hh
1763819886	I	2373	vector_search/truststore.cc
1763819886	I	1317	vector_search/truststore.hh
1776012393	U	23399	query/query-request.hh
1776012393	U	6302	query/query-result-reader.hh
1776012393	U	7867	query/query-result-set.cc
1776012393	U	4360	query/query-result-set.hh
1776012393	U	8421	query/query-result-writer.hh
1776012393	U	17517	query/query-result.hh
1776012393	U	17517	query/query.cc
1776012393	U	207	query/query_id.hh
1776012393	U	1212	query/query_result_merger.hh
1776162946	U	23773	query/query-request.hh
1776253215	U	8270	query/query-result-set.cc
1776253215	U	4440	query/query-result-set.hh
1785136307	U	8258	query/query-result-set.cc
)log";

/// tikv, 12 keys, 5 writes a tick
inline constexpr std::string_view tikv = R"log(0 create ->0
777600 create ->1
829440 create ->2
846720 create ->3
967680 create ->4
1157760 split 4->5,6 12
1261440 create ->7
1537920 split 5->8,9 12
1658880 split 6->10,11 12
1866240 create ->12
2246400 merge 8,9->13
2332800 merge 13,10->14
2419200 merge 14,11->15
2661120 create ->16
2851200 split 16->17,18 12
3421440 create ->19
3456000 merge 17,18->20
3628800 drop 3->
3628800 create ->21
3818880 split 21->22,23 12
4147200 split 23->24,25 12
4181760 create ->26
4665600 drop 2->
5184000 drop 15->
5270400 drop 7->
5616000 drop 12->
5875200 merge 22,24->27
5961600 drop 20->
5961600 merge 27,25->28
6048000 drop 1->
6462720 create ->29
6652800 create ->30
7153920 split 30->31,32 12
)log";

/// crdb, 16,384 bytes, rows capped at 1,024, 5 writes a tick
inline constexpr std::string_view crdb = R"log(0 create ->0
276480 split 0->1,2 16697
639360 split 2->3,4 16775
777600 create ->5
829440 create ->6
846720 create ->7
967680 create ->8
1226880 split 8->9,10 16924
1261440 create ->11
1537920 split 9->12,13 17285
1676160 split 10->14,15 16940
1866240 create ->16
2661120 create ->17
3283200 merge 1,3->18
3369600 merge 18,4->19
3421440 create ->20
3628800 drop 7->
3628800 create ->21
3870720 split 21->22,23 16440
4043520 split 22->24,25 16439
4181760 create ->26
4475520 split 23->27,28 16419
4510080 split 25->29,30 16438
4561920 split 24->31,32 16458
4665600 drop 6->
4872960 split 28->33,34 16391
4924800 merge 12,13->35
4976640 split 27->36,37 16468
5011200 merge 35,14->38
5097600 merge 38,15->39
5132160 split 36->40,41 16464
5184000 drop 39->
5270400 drop 11->
5408640 split 40->42,43 16472
5425920 split 31->44,45 16397
5616000 drop 16->
5650560 split 33->46,47 17474
5961600 drop 17->
6048000 drop 5->
6203520 split 20->48,49 17262
6462720 create ->50
6652800 create ->51
6912000 split 51->52,53 16788
7102080 split 52->54,55 16425
7344000 split 54->56,57 16878
7499520 split 50->58,59 16593
)log";

/// hbase, the same
inline constexpr std::string_view hbase = R"log(0 create ->0
17280 split 0->1,2 1318
276480 split 1->3,4 16254
552960 split 4->5,6 11968
777600 create ->7
812160 split 7->8,9 2448
829440 create ->10
846720 create ->11
864000 split 11->12,13 2154
967680 create ->14
984960 split 14->15,16 2156
1036800 split 16->17,18 4316
1192320 split 18->19,20 11523
1261440 create ->21
1278720 split 21->22,23 2162
1520640 split 23->24,25 4332
1658880 split 20->26,27 14774
1710720 split 19->28,29 15109
1866240 create ->30
1883520 split 30->31,32 1404
2661120 create ->33
2712960 split 33->34,35 1543
2816640 split 35->36,37 3880
3317760 split 8->38,39 5430
3421440 create ->40
3456000 split 40->41,42 3234
3507840 split 42->43,44 4331
3628800 create ->45
3663360 split 45->46,47 3273
3697920 split 47->48,49 3307
3870720 split 49->50,51 12059
4181760 create ->52
4216320 split 52->53,54 3016
4250880 split 50->55,56 16461
4544640 split 51->57,58 17528
4665600 drop 10->
4924800 split 58->59,60 18575
5166720 split 56->61,62 15349
5218560 split 57->63,64 15370
5495040 split 61->65,66 17473
5564160 split 59->67,68 16382
5581440 split 46->69,70 18563
6462720 create ->71
6497280 split 71->72,73 3267
6549120 split 73->74,75 4355
6652800 create ->76
6687360 split 76->77,78 2574
6721920 split 78->79,80 3284
6981120 split 79->81,82 12014
7326720 split 77->83,84 15791
)log";

/// fdb, 12,000 bytes, rows capped at 1,024, 5 writes a tick
inline constexpr std::string_view fdb = R"log(0 create ->0
17280 split 0->1,2 1318
276480 split 1->3,4 16254
362880 split 4->5,6 2178
397440 split 6->7,8 3261
552960 split 8->9,10 4354
743040 split 10->11,12 7629
777600 create ->13
829440 create ->14
846720 create ->15
898560 split 15->16,17 3658
898560 split 16->18,19 3231
967680 create ->20
1002240 split 20->21,22 3237
1036800 split 22->23,24,25 3238
1071360 split 25->26,27 3233
1105920 split 27->28,29 3240
1157760 split 29->30,31,32 3975
1192320 split 32->33,34 3233
1226880 split 34->35,36 3243
1261440 create ->37
1296000 split 37->38,39 3247
1347840 split 23->40,41 3249
1399680 split 26->42,43 3231
1416960 split 43->44,45 3235
1468800 split 35->46,47 4330
1503360 split 36->48,49 4312
1555200 merge 19,17->50
1555200 split 21->51,52,53 4316
1624320 split 45->54,55 4324
1658880 split 49->56,57 4318
1797120 split 38->58,59 4324
1814400 merge 31,33->60
1866240 create ->61
1952640 split 58->62,63 4324
2626560 split 13->64,65,66 4622
2661120 create ->67
2782080 split 67->68,69,70 3927
2885760 split 70->71,72 4343
3127680 split 68->73,74 3616
3196800 merge 7,9->75
3196800 merge 5,75->76
3283200 merge 12,2->77
3421440 create ->78
3473280 split 78->79,80,81 4309
3525120 split 81->82,83,84 4330
3542400 merge 18,50->85
3628800 drop 85->
3628800 create ->86
3680640 split 86->87,88,89 4381
3732480 split 89->90,91,92 4412
3784320 split 92->93,94,95 4370
3801600 merge 73,74->96
3836160 split 95->97,98,99 4387
3888000 split 99->100,101,102 4383
3939840 split 93->103,104 4379
4008960 split 87->105,106 4360
4095360 split 106->107,108 4374
4181760 create ->109
4268160 split 104->110,111 4370
4302720 split 100->112,113 4370
4320000 split 102->114,115 4384
4371840 split 109->116,117 4106
4406400 split 116->118,119 4114
4492800 split 112->120,121 5472
4561920 split 90->122,123 5534
4665600 drop 14->
4752000 merge 51,52->124
4752000 merge 124,53->125
4752000 merge 125,40->126
4786560 split 113->127,128 4370
4838400 merge 126,41->129
4838400 merge 129,24->130
4838400 merge 130,42->131
4838400 merge 131,44->132
4872960 split 101->133,134 6550
4924800 merge 132,54->135
4924800 merge 135,55->136
4924800 merge 136,28->137
4924800 merge 137,30->138
5011200 merge 138,60->139
5011200 merge 139,46->140
5011200 split 94->141,142 4418
5097600 merge 140,47->143
5097600 merge 143,48->144
5097600 merge 144,56->145
5097600 merge 145,57->146
5132160 split 141->147,148 4408
5184000 drop 146->
5184000 merge 62,63->149
5184000 merge 149,59->150
5184000 merge 150,39->151
5270400 drop 151->
5391360 split 97->152,153,154 4379
5512320 split 107->155,156 8720
5529600 split 84->157,158 5384
5616000 drop 61->
5788800 merge 96,69->159
5875200 merge 159,71->160
5875200 merge 160,72->161
5961600 drop 161->
5961600 merge 65,66->162
6048000 merge 64,162->163
6134400 drop 163->
6168960 split 79->164,165 4307
6462720 create ->166
6514560 split 166->167,168,169 4356
6566400 split 169->170,171,172 4344
6652800 create ->173
6721920 split 173->174,175,176 4774
6756480 split 174->177,178 4742
6860160 split 178->179,180 4346
6998400 merge 83,157->181
7067520 split 177->182,183 7736
7102080 split 182->184,185,186 4491
7136640 split 179->187,188 6506
7309440 split 184->189,190 4934
7378560 split 186->191,192 4352
7413120 split 180->193,194,195 4262
7430400 split 167->196,197 4350
7499520 split 170->198,199 4362
7534080 split 172->200,201 4604
)log";

/// load, 30 keys, or 3 writes a tick, 5 writes a tick
inline constexpr std::string_view load = R"log(0 create ->0
345600 split 0->1,2 3
604800 split 1->3,4 4
777600 create ->5
829440 create ->6
846720 create ->7
967680 create ->8
1209600 merge 3,4->9
1209600 merge 9,2->10
1261440 create ->11
1296000 split 8->12,13 17
1866240 create ->14
2661120 create ->15
2678400 merge 12,13->16
3283200 split 15->17,18 2
3421440 create ->19
3628800 drop 7->
3628800 create ->20
3888000 merge 17,18->21
3974400 split 20->22,23 17
4181760 create ->24
4665600 drop 6->
5184000 drop 16->
5270400 drop 11->
5616000 drop 14->
5961600 drop 21->
6048000 drop 5->
6307200 merge 22,23->25
6462720 create ->26
6652800 create ->27
6998400 split 27->28,29 6
)log";

/// crdb, 16,384 bytes, rows capped at 1,024, on the log's own clock
inline constexpr std::string_view crdb_on_its_own_clock = R"log(1409509753 create ->0
1411993062 split 0->1,2 16697
1413991620 split 2->3,4 16540
1416700800 merge 1,3->5
1417132800 merge 5,4->6
1420451457 create ->7
1421751838 create ->8
1422901711 create ->9
1425985562 create ->10
1425985562 create ->11
1425985562 split 10->12,13 18002
1426118400 drop 9->
1428008595 split 12->14,15 17287
1428570504 split 13->16,17 16942
1432809011 create ->18
1439942400 drop 11->
1439942400 drop 8->
1439942400 merge 14,15->19
1439942400 merge 19,16->20
1439942400 merge 20,17->21
1440028800 drop 21->
1445522584 create ->22
1449014400 drop 18->
1450224000 drop 22->
1522972800 drop 7->
1527783675 create ->23
1568214065 create ->24
1568214065 split 24->25,26 18632
1570441100 split 25->27,28 16442
1574261953 create ->29
1576574876 split 26->30,31 16414
1582537043 split 27->32,33 17565
1582701139 split 31->34,35 16409
1582727364 split 28->36,37 17558
1589500800 merge 32,33->38
1589500800 merge 38,36->39
1589500800 merge 39,37->40
1589500800 merge 40,30->41
1589500800 merge 41,34->42
1589500800 merge 42,35->43
1589587200 drop 43->
1600819200 drop 29->
1616198400 drop 23->
1758055247 create ->44
1758536674 create ->45
1759174263 split 45->46,47 18972
1763819886 split 46->48,49 20744
1776012393 split 44->50,51 17934
)log";

}  // namespace recorded_log
