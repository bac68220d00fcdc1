package main

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	protocol "github.com/d--j/go-milter"
)

func TestServe(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "milter.sock")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, "unix:"+socket, "none") }()
	var s *protocol.ClientSession
	for { // until it listens
		var err error
		if s, err = protocol.NewClient("unix", socket).Session(nil); err == nil {
			break
		}
		select {
		case err := <-ended:
			t.Fatal(err)
		case <-time.After(10 * time.Millisecond):
		}
	}
	for _, err := range []error{
		second(s.Conn("mail.example.org", protocol.FamilyInet, 25, "192.0.2.1")), second(s.Helo("mail.example.org")),
		second(s.Mail("ann@example.org", "")), second(s.Rcpt("bob@example.net", "")), second(s.DataStart()),
		second(s.HeaderField("Subject", " test", nil)), second(s.HeaderEnd()),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	_, a, err := s.BodyReadFrom(strings.NewReader("XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\r\n"))
	if err != nil || a.SMTPReply != "554 5.7.1 Gtube pattern" {
		t.Errorf("%v, %v", a, err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := serve(ctx, "nonsense", "none"); err == nil {
		t.Error("a bad address is no error")
	}
	if err := serve(ctx, "127.0.0.1:0", "nonsense"); err == nil {
		t.Error("a bad resolver is no error")
	}
}

func second[T any](_ T, err error) error { return err }
