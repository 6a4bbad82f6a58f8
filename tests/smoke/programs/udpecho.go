// SPDX-License-Identifier: BSD-2-Clause

// Udpecho sends datagrams to an address and expects them back: a static program
// that calls the system by itself, without any library in between.
package main

import (
	"fmt"
	"net"
	"os"
	"time"
)

func serve(address string) {
	conn, err := net.ListenPacket("udp4", address)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("listening on", conn.LocalAddr())
	buffer := make([]byte, 65536)
	for {
		n, from, err := conn.ReadFrom(buffer)
		if err != nil {
			return
		}
		conn.WriteTo(buffer[:n], from)
	}
}

func main() {
	if len(os.Args) == 3 && os.Args[1] == "serve" {
		serve(os.Args[2])
		return
	}
	conn, err := net.Dial("udp4", os.Args[1])
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	buffer := make([]byte, 65536)
	for i := 0; i < 10; i++ {
		text := fmt.Sprintf("datagram %d", i)
		conn.SetDeadline(time.Now().Add(2 * time.Second))
		if _, err = conn.Write([]byte(text)); err == nil {
			var n int
			n, err = conn.Read(buffer)
			if err == nil && string(buffer[:n]) != text {
				err = fmt.Errorf("got %q for %q", buffer[:n], text)
			}
		}
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	fmt.Println("10 of 10 from", conn.RemoteAddr(), "to", conn.LocalAddr().(*net.UDPAddr).IP)
}
