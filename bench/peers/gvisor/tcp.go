// SPDX-License-Identifier: BSD-2-Clause

// gVisor's netstack doing the work of the rows of micro_tcp: two stacks joined by its own pipe, which hands each packet
// over without copying it.  Times are processor time of the whole program.
package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"syscall"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/link/pipe"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
)

const (
	tcpPort      = 5001
	tcpListeners = 64
)

func cpuNs() float64 {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return float64(u.Utime.Nano() + u.Stime.Nano())
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "gvisor:", err)
		os.Exit(1)
	}
}

// offload is a pipe that computes no checksums.
type offload struct{ stack.LinkEndpoint }

func (o offload) Capabilities() stack.LinkEndpointCapabilities {
	return stack.CapabilityTXChecksumOffload | stack.CapabilityRXChecksumOffload
}

func tcpStack(link stack.LinkEndpoint, host byte) *stack.Stack {
	s := stack.New(stack.Options{
		NetworkProtocols:   []stack.NetworkProtocolFactory{ipv4.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{tcp.NewProtocol},
	})
	must(s.CreateNIC(nic, link))
	must(s.AddProtocolAddress(nic, tcpip.ProtocolAddress{
		Protocol: ipv4.ProtocolNumber,
		AddressWithPrefix: tcpip.AddressWithPrefix{Address: tcpip.Address([]byte{10, 0, 0, host}),
			PrefixLen: 24},
	}, stack.AddressProperties{}))
	subnet, _ := tcpip.NewSubnet("\x0a\x00\x00\x00", "\xff\xff\xff\x00")
	s.SetRouteTable([]tcpip.Route{{Destination: subnet, NIC: nic}})
	return s
}

type tcpWorld struct {
	client, server *stack.Stack
	listener       []net.Listener
}

func newTCPWorld(mtu uint32, sums bool, listeners int) *tcpWorld {
	a, b := pipe.New("\x02\x00\x00\x00\x00\x01", "\x02\x00\x00\x00\x00\x02", mtu)
	w := &tcpWorld{}
	if sums {
		w.client, w.server = tcpStack(a, 1), tcpStack(b, 2)
	} else {
		w.client, w.server = tcpStack(offload{a}, 1), tcpStack(offload{b}, 2)
	}
	for i := 0; i < listeners; i++ {
		l, err := gonet.ListenTCP(w.server, tcpAddress(i), ipv4.ProtocolNumber)
		check(err)
		w.listener = append(w.listener, l)
	}
	return w
}

func (w *tcpWorld) end() {
	for _, l := range w.listener {
		l.Close()
	}
	w.client.Close()
	w.server.Close()
}

func tcpAddress(listener int) tcpip.FullAddress {
	return tcpip.FullAddress{NIC: nic, Addr: "\x0a\x00\x00\x02", Port: uint16(tcpPort + listener)}
}

func (w *tcpWorld) connect(listener int) (net.Conn, net.Conn) {
	a, err := gonet.DialTCP(w.client, tcpAddress(listener), ipv4.ProtocolNumber)
	check(err)
	b, err := w.listener[listener].Accept()
	check(err)
	return a, b
}

func tcpStream(mtu uint32, sums bool, bytes int) float64 {
	w := newTCPWorld(mtu, sums, 1)
	defer w.end()
	bytes = ops(bytes)
	a, b := w.connect(0)
	chunk, room := make([]byte, 65536), make([]byte, 65536)
	var begin float64
	for _, n := range []int{bytes/10 + 1, bytes} {
		begin = cpuNs()
		go func(n int) {
			for n > 0 {
				k := len(chunk)
				if k > n {
					k = n
				}
				m, err := a.Write(chunk[:k])
				check(err)
				n -= m
			}
		}(n)
		for n > 0 {
			m, err := b.Read(room)
			check(err)
			n -= m
		}
	}
	took := cpuNs() - begin
	a.Close()
	b.Close()
	return took / (float64(bytes) / 1024)
}

func tcpRequestResponse() float64 {
	w := newTCPWorld(1500, true, 1)
	defer w.end()
	a, b := w.connect(0)
	n := ops(50000)
	go func() {
		octet := make([]byte, 1)
		for i := 0; i < n; i++ {
			_, err := io.ReadFull(b, octet)
			check(err)
			_, err = b.Write(octet)
			check(err)
		}
	}()
	octet := []byte{'x'}
	begin := cpuNs()
	for i := 0; i < n; i++ {
		_, err := a.Write(octet)
		check(err)
		_, err = io.ReadFull(a, octet)
		check(err)
	}
	took := cpuNs() - begin
	a.Close()
	b.Close()
	return took / float64(n)
}

func tcpConnectClose() float64 {
	w := newTCPWorld(1500, true, tcpListeners)
	defer w.end()
	n := ops(10000)
	octet := []byte{'x'}
	begin := cpuNs()
	for i := 0; i < n; i++ {
		a, b := w.connect(i % tcpListeners)
		_, err := a.Write(octet)
		check(err)
		_, err = io.ReadFull(b, octet)
		check(err)
		a.Close()
		if _, err = b.Read(octet); err != io.EOF {
			check(fmt.Errorf("no end: %v", err))
		}
		b.Close()
	}
	return (cpuNs() - begin) / float64(n)
}

func init() {
	rows = append(rows,
		row{"TCP stream, MTU 1500", "ns/KiB", func() float64 { return tcpStream(1500, true, 256<<20) }},
		row{"TCP stream, 64 KiB segments", "ns/KiB", func() float64 { return tcpStream(65535, false, 4<<30) }},
		row{"TCP request and response, 1 byte", "ns", tcpRequestResponse},
		row{"TCP connect, 1 byte, close", "ns", tcpConnectClose})
}
