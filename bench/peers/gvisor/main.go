// SPDX-License-Identifier: BSD-2-Clause

// gVisor's netstack doing the work of the rows of micro_neigh: resolved neighbours, a null link
// endpoint, checksums in software.  One thread; the garbage collector is left on, as it is in use.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"sort"
	"strconv"
	"strings"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/network/arp"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"
	"gvisor.dev/gvisor/pkg/waiter"
)

const nic = 1

var scale = 1

func ops(n int) int {
	if n /= scale; n > 0 {
		return n
	}
	return 1
}

func must(err tcpip.Error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "gvisor:", err)
		os.Exit(1)
	}
}

// nullLink is an Ethernet device that takes each frame, with its header made, and does nothing.
type nullLink struct{ frames int }

func (l *nullLink) MTU() uint32                                  { return 1500 }
func (l *nullLink) Capabilities() stack.LinkEndpointCapabilities { return stack.CapabilityResolutionRequired }
func (l *nullLink) MaxHeaderLength() uint16                      { return header.EthernetMinimumSize }
func (l *nullLink) LinkAddress() tcpip.LinkAddress               { return "\x02\x00\x00\x00\x00\x01" }
func (l *nullLink) Attach(stack.NetworkDispatcher)               {}
func (l *nullLink) IsAttached() bool                             { return true }
func (l *nullLink) Wait()                                        {}
func (l *nullLink) ARPHardwareType() header.ARPHardwareType      { return header.ARPHardwareEther }

func (l *nullLink) WritePackets(pkts stack.PacketBufferList) (int, tcpip.Error) {
	n := pkts.Len()
	l.frames += n
	return n, nil
}

func (l *nullLink) AddHeader(pkt stack.PacketBufferPtr) {
	eth := header.Ethernet(pkt.LinkHeader().Push(header.EthernetMinimumSize))
	eth.Encode(&header.EthernetFields{
		SrcAddr: pkt.EgressRoute.LocalLinkAddress,
		DstAddr: pkt.EgressRoute.RemoteLinkAddress,
		Type:    pkt.NetworkProtocolNumber,
	})
}

func peerIP(i int) tcpip.Address {
	return tcpip.Address([]byte{10, byte(1 + i>>16), byte(i >> 8), byte(i)})
}

func peerMAC(i int) tcpip.LinkAddress {
	return tcpip.LinkAddress([]byte{2, 0, byte(i >> 24), byte(i >> 16), byte(i >> 8), byte(i)})
}

func world(peers int) (*stack.Stack, *nullLink) {
	link := &nullLink{}
	s := stack.New(stack.Options{
		NetworkProtocols:   []stack.NetworkProtocolFactory{ipv4.NewProtocol, arp.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{udp.NewProtocol},
	})
	must(s.CreateNIC(nic, link))
	must(s.AddProtocolAddress(nic, tcpip.ProtocolAddress{
		Protocol:          ipv4.ProtocolNumber,
		AddressWithPrefix: tcpip.AddressWithPrefix{Address: "\x0a\x00\x00\x01", PrefixLen: 8},
	}, stack.AddressProperties{}))
	subnet, _ := tcpip.NewSubnet("\x0a\x00\x00\x00", "\xff\x00\x00\x00")
	s.SetRouteTable([]tcpip.Route{{Destination: subnet, NIC: nic}})
	for i := 0; i < peers; i++ {
		must(s.AddStaticNeighbor(nic, ipv4.ProtocolNumber, peerIP(i), peerMAC(i)))
	}
	return s, link
}

func udpSend(peers int, connected bool) float64 {
	s, link := world(peers)
	defer s.Destroy()
	var wq waiter.Queue
	ep, err := s.NewEndpoint(udp.ProtocolNumber, ipv4.ProtocolNumber, &wq)
	must(err)
	defer ep.Close()
	must(ep.Bind(tcpip.FullAddress{}))
	to := tcpip.FullAddress{NIC: nic, Addr: peerIP(0), Port: 9}
	options := tcpip.WriteOptions{To: &to}
	if connected {
		must(ep.Connect(to))
		options.To = nil
	}
	addresses := make([]tcpip.Address, peers)
	for i := range addresses {
		addresses[i] = peerIP(i)
	}
	n, x, payload := ops(200000), uint32(1), []byte("x")
	var r bytes.Reader
	before := link.frames
	begin := cpuNs()
	for i := 0; i < n; i++ {
		if !connected {
			x = x*1664525 + 1013904223
			to.Addr = addresses[uint64(x)*uint64(peers)>>32]
		}
		r.Reset(payload)
		_, err := ep.Write(&r, options)
		must(err)
	}
	took := cpuNs() - begin
	if link.frames-before != n {
		fmt.Fprintf(os.Stderr, "gvisor: %d of %d frames left\n", link.frames-before, n)
		os.Exit(1)
	}
	return took / float64(n)
}

func addNeighbour(peers int) float64 {
	s, _ := world(0)
	defer s.Destroy()
	n := ops(peers)
	begin := cpuNs()
	for i := 0; i < n; i++ {
		must(s.AddStaticNeighbor(nic, ipv4.ProtocolNumber, peerIP(i), peerMAC(i)))
	}
	return (cpuNs() - begin) / float64(n)
}

func bytesPerNeighbour(peers int) float64 {
	var empty, full runtime.MemStats
	s, _ := world(0)
	defer s.Destroy()
	runtime.GC()
	runtime.ReadMemStats(&empty)
	for i := 0; i < peers; i++ {
		must(s.AddStaticNeighbor(nic, ipv4.ProtocolNumber, peerIP(i), peerMAC(i)))
	}
	runtime.GC()
	runtime.ReadMemStats(&full)
	return float64(full.HeapAlloc-empty.HeapAlloc) / float64(peers)
}

type row struct {
	name, unit string
	run        func() float64
}

var rows = []row{
	{"UDP send 1 byte, connected", "ns", func() float64 { return udpSend(1, true) }},
	{"UDP send 1 byte, unconnected, 10 peers", "ns", func() float64 { return udpSend(10, false) }},
	{"UDP send 1 byte, unconnected, 100 k peers", "ns", func() float64 { return udpSend(100000, false) }},
	{"add a neighbour, to 1 k", "ns", func() float64 { return addNeighbour(1000) }},
	{"add a neighbour, to 100 k", "ns", func() float64 { return addNeighbour(100000) }},
	{"bytes per neighbour, 100 k", "bytes", func() float64 { return bytesPerNeighbour(100000) }},
}

func main() {
	word, rounds, asJSON := "", 7, false
	for i := 1; i < len(os.Args); i++ {
		switch arg := os.Args[i]; {
		case arg == "--json":
			asJSON = true
		case arg == "--quick":
			scale, rounds = 1000, 1
		case arg == "--rounds" && i+1 < len(os.Args):
			i++
			rounds, _ = strconv.Atoi(os.Args[i])
		default:
			word = arg
		}
	}
	for _, r := range rows {
		if !strings.Contains(r.name, word) {
			continue
		}
		var got []float64
		for i := 0; i < rounds; i++ {
			got = append(got, r.run())
		}
		sort.Float64s(got)
		if asJSON {
			line, _ := json.Marshal(map[string]interface{}{"row": r.name, "unit": r.unit,
				"value": got[rounds/2], "min": got[0], "max": got[rounds-1]})
			fmt.Println(string(line))
			continue
		}
		fmt.Printf("%-44s %9.1f %s (%.1f .. %.1f)\n", r.name, got[rounds/2], r.unit, got[0], got[rounds-1])
	}
}
