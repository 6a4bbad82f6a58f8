// SPDX-License-Identifier: BSD-2-Clause

// gVisor's netstack doing the work of micro_udp (two stacks joined by its own pipe) and of "resolve a new neighbour"
// (a link with everybody at its other end, who answer ARP requests).  Times are processor time of the whole program.
package main

import (
	"bytes"
	"fmt"
	"io"

	"gvisor.dev/gvisor/pkg/bufferv2"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/link/pipe"
	"gvisor.dev/gvisor/pkg/tcpip/network/arp"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"
	"gvisor.dev/gvisor/pkg/waiter"
)

func udpStack(link stack.LinkEndpoint, host byte, prefix int) *stack.Stack {
	s := stack.New(stack.Options{
		NetworkProtocols:   []stack.NetworkProtocolFactory{ipv4.NewProtocol, arp.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{udp.NewProtocol},
	})
	must(s.CreateNIC(nic, link))
	address := tcpip.AddressWithPrefix{Address: tcpip.Address([]byte{10, 0, 0, host}), PrefixLen: prefix}
	must(s.AddProtocolAddress(nic, tcpip.ProtocolAddress{Protocol: ipv4.ProtocolNumber,
		AddressWithPrefix: address}, stack.AddressProperties{}))
	s.SetRouteTable([]tcpip.Route{{Destination: address.Subnet(), NIC: nic}})
	return s
}

func udpSocket(s *stack.Stack) tcpip.Endpoint {
	ep, err := s.NewEndpoint(udp.ProtocolNumber, ipv4.ProtocolNumber, &waiter.Queue{})
	must(err)
	must(ep.Bind(tcpip.FullAddress{Port: 9}))
	return ep
}

func datagrams(burst int) float64 {
	l, m := pipe.New("\x02\x00\x00\x00\x00\x01", "\x02\x00\x00\x00\x00\x02", 1500)
	s, t := udpStack(l, 1, 24), udpStack(m, 2, 24)
	defer s.Destroy()
	defer t.Destroy()
	a, b := udpSocket(s), udpSocket(t)
	defer a.Close()
	defer b.Close()
	must(a.Connect(tcpip.FullAddress{NIC: nic, Addr: "\x0a\x00\x00\x02", Port: 9}))
	var r bytes.Reader
	payload, n := []byte("x"), ops(100000)/burst+1
	begin := cpuNs()
	for i := 0; i < n; i++ {
		for k := 0; k < burst; k++ {
			r.Reset(payload)
			_, err := a.Write(&r, tcpip.WriteOptions{})
			must(err)
		}
		for k := 0; k < burst; k++ {
			_, err := b.Read(io.Discard, tcpip.ReadOptions{})
			must(err)
		}
	}
	return (cpuNs() - begin) / float64(n*burst)
}

// askLink tells whom it was asked for, and counts what else leaves.
type askLink struct {
	nullLink
	up     stack.NetworkDispatcher
	asked  chan []byte
	packet chan bool
}

func (l *askLink) Attach(up stack.NetworkDispatcher) { l.up = up }

func (l *askLink) WritePackets(pkts stack.PacketBufferList) (int, tcpip.Error) {
	for _, pkt := range pkts.AsSlice() {
		if pkt.NetworkProtocolNumber != arp.ProtocolNumber {
			l.packet <- true
			continue
		}
		request := header.ARP(pkt.NetworkHeader().Slice())
		l.asked <- append([]byte(nil), request.ProtocolAddressTarget()...)
	}
	return pkts.Len(), nil
}

func (l *askLink) answer(ip []byte) {
	reply := make(header.ARP, header.ARPSize)
	reply.SetIPv4OverEthernet()
	reply.SetOp(header.ARPReply)
	copy(reply.HardwareAddressSender(), append([]byte{2, 0}, ip...))
	copy(reply.ProtocolAddressSender(), ip)
	copy(reply.HardwareAddressTarget(), l.LinkAddress())
	copy(reply.ProtocolAddressTarget(), "\x0a\x00\x00\x01")
	pkt := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: bufferv2.MakeWithData(reply)})
	l.up.DeliverNetworkPacket(arp.ProtocolNumber, pkt)
	pkt.DecRef()
}

func resolve() float64 {
	link := &askLink{asked: make(chan []byte, 16), packet: make(chan bool, 16)}
	s := udpStack(link, 1, 8)
	defer s.Destroy()
	ep := udpSocket(s)
	defer ep.Close()
	var r bytes.Reader
	payload, n := []byte("x"), ops(20000)
	begin := cpuNs()
	for i := 0; i < n; i++ {
		r.Reset(payload)
		_, err := ep.Write(&r, tcpip.WriteOptions{To: &tcpip.FullAddress{NIC: nic, Addr: peerIP(i), Port: 9}})
		must(err)
		ip := <-link.asked
		if !bytes.Equal(ip, []byte(peerIP(i))) {
			check(fmt.Errorf("asked for %v", ip))
		}
		link.answer(ip)
		<-link.packet
	}
	return (cpuNs() - begin) / float64(n)
}

func init() {
	rows = append(rows,
		row{"UDP small packets, sent and received", "ns", func() float64 { return datagrams(32) }},
		row{"UDP small packets, one at a time", "ns", func() float64 { return datagrams(1) }},
		row{"resolve a new neighbour", "ns", resolve})
}
