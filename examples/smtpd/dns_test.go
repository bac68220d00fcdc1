package main

import (
	"context"
	"errors"
	"net"
	"net/smtp"
	"net/textproto"
	"testing"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/resolver/dnsclient"
	"github.com/winnowmail/winnow/resolver/resolvertest"
)

// An outside listener makes its clients come from 192.0.2.1: nobody asks DNS
// about loopback.
type outside struct{ net.Listener }

func (l outside) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return outsider{c}, err
}

type outsider struct{ net.Conn }

func (outsider) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 25025} }

// TestSilentDNS sends a mail while no DNS server answers: the client is told to
// try again, or the mail is judged by what is known.
func TestSilentDNS(t *testing.T) {
	for name, soft := range map[string]bool{"soft reject": true, "by score": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			silentDNS(t, soft)
		})
	}
}

func silentDNS(t *testing.T, soft bool) {
	server := resolvertest.Serve(t, resolvertest.Silent)
	client, err := dnsclient.New(dnsclient.Options{Servers: []string{server.Addr}})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	dir, done := t.TempDir(), make(chan error)
	go func() {
		done <- serve(ctx, outside{listener}, dir, winnow.Options{
			Timeout: 3 * time.Second, // what needs no DNS has its time on a busy machine
			DNS:     resolver.Options{Resolver: client, SoftRejectOnTimeout: soft},
		})
	}()
	msg := "From: a@example.org\r\nTo: b@example.net\r\nSubject: hi\r\n\r\nhi\r\n"
	err = smtp.SendMail(listener.Addr().String(), nil, "a@example.org", []string{"b@example.net"}, []byte(msg))
	e, replied := errors.AsType[*textproto.Error](err)
	if soft && (!replied || e.Code != 451 || e.Msg != "4.7.1 timeout processing message") || !soft && err != nil {
		t.Error(err)
	}
	if n := len(delivered(t, dir)); (n == 0) != soft {
		t.Errorf("%d mails delivered", n)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := client.Close(); err != nil {
		t.Error(err)
	}
	if len(server.Queries()) == 0 {
		t.Error("nobody asked")
	}
}
