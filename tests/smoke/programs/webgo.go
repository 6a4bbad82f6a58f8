// SPDX-License-Identifier: BSD-2-Clause

// Webgo is an HTTP server and a client of it: a static program that calls the system by itself.
package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
)

const size = 3000000

func body() []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(i * 7 >> 3)
	}
	return b
}

func serve(address string) {
	data := body()
	http.HandleFunc("/data", func(w http.ResponseWriter, r *http.Request) { w.Write(data) })
	http.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) })
	l, err := net.Listen("tcp", address)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("listening on", l.Addr())
	http.Serve(l, nil)
}

func fetch(address string) error {
	r, err := http.Get("http://" + address + "/data")
	if err != nil {
		return err
	}
	defer r.Body.Close()
	h := sha256.New()
	n, err := io.Copy(h, r.Body)
	if err != nil {
		return err
	}
	want := sha256.Sum256(body())
	if n != size || string(h.Sum(nil)) != string(want[:]) {
		return fmt.Errorf("%d bytes, and not the right ones", n)
	}
	return nil
}

func main() {
	if len(os.Args) == 3 && os.Args[1] == "serve" {
		serve(os.Args[2])
		return
	}
	var group sync.WaitGroup
	errs := make(chan error, 20)
	for i := 0; i < 20; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			errs <- fetch(os.Args[1])
		}()
	}
	group.Wait()
	good := 0
	for i := 0; i < 20; i++ {
		if err := <-errs; err != nil {
			fmt.Println(err)
		} else {
			good++
		}
	}
	fmt.Println(good, "of 20 from", os.Args[1])
	if good != 20 {
		os.Exit(1)
	}
}
