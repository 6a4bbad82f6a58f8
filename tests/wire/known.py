# SPDX-License-Identifier: BSD-2-Clause
"""What does not hold yet on nethood: each row a script (or one case of it) and why.

A row is a defect that is known, not a test that is skipped: it runs, and is reported apart.  When it
passes, the row has to go.
"""

ASYNC = ("recv() and send() without an address go to the carrier, a unix socket, which knows no error of "
         "the datagram before")

KNOWN = {
    "test_icmp.py::test_the_error_comes_out_of_the_next_call": ASYNC,
    "test_arp_resolve.py::test_every_waiting_socket_hears_it": ASYNC,
    "test_arp_resolve.py::test_with_ip_recverr_a_connected_socket_hears_ehostunreach_when_its_packet_is_dropped": ASYNC,
    "test_arp_resolve.py::test_with_ip_recverr_an_unconnected_socket_hears_it": ASYNC,
    "test_udp_socket.py::test_a_closed_port_of_ours_refuses_a_connected_socket": ASYNC,
    "test_udp_socket.py::test_a_closed_port_refuses_a_connected_socket_only": ASYNC,
    "test_udp_socket.py::test_a_datagram_that_came_first_comes_after_the_error": ASYNC,
    "test_route.py::test_a_connected_socket_follows_a_new_route": ASYNC,
    "test_ip_output.py::test_fragments_needed_lowers_the_path_mtu": ASYNC,
    "test_udp_socket.py::test_a_program_that_ends_leaves_its_port":
        "the port is free only when the carrier's end was seen, a moment after the program's",
    "test_forward.py::test_errors_about_missing_routes_are_limited_too":
        "no-route errors have no rate limit of their own beside icmp_ratelimit",
    "test_nud_states.py::test_5000_refused_requests_leave_nothing_on_nethood":
        "among the 5000 addresses is the subnet's broadcast, which needs no link address",
}
