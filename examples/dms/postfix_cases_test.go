package main

import (
	"bufio"
	"net"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/examples/internal/postfix"
	"github.com/winnowmail/winnow/internal/clamdtest"
	"github.com/winnowmail/winnow/internal/redistest"
)

// hang has a client fall silent in the middle of its mail: Postfix cuts it off,
// and others' mail comes through meanwhile.
func hang(t *testing.T, mta *postfix.Server) {
	var silent *bufio.Reader
	for reply := ""; !strings.HasPrefix(reply, "354"); { // it may be cut off before that
		conn, err := net.Dial("tcp", mta.Impatient)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		all := "EHLO mail.example.org\r\nMAIL FROM:<ann@example.org>\r\nRCPT TO:<bob@test.example>\r\nDATA\r\nFrom: ann@example.org\r\nSubject: half\r\n\r\nhalf a"
		if _, err := conn.Write([]byte(all)); err != nil {
			t.Fatal(err)
		}
		silent = bufio.NewReader(conn)
		for err = nil; err == nil && !strings.HasPrefix(reply, "354"); {
			reply, err = silent.ReadString('\n')
		}
	}
	if err := send(mta.Addr, "ann@example.org", bob, text+"meanwhile\r\n"); err != nil {
		t.Error(err)
	}
	if d := mta.Next(t); !strings.Contains(d.Raw, "meanwhile") {
		t.Errorf("delivered %q", d.Raw)
	}
	if reply, err := silent.ReadString('\n'); err != nil || !strings.HasPrefix(reply, "421 4.4.2") {
		t.Errorf("the silent client was told %q, %v", reply, err)
	}
}

// infected has clamd look for viruses.
func infected(t *testing.T, mta *postfix.Server, addr string) {
	_, clamd := clamdtest.Start(t)
	_, log, stop := start(t, "-milter", addr, "-profile", "dms", "-maps", "none", "-clamav", clamd)
	defer func() {
		if code := stop(); code != 0 {
			t.Errorf("exit code %d: %s", code, log)
		}
	}()
	file := strings.Replace(text, "\r\n\r\n", "\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream; name=eicar.com\r\n\r\n", 1)
	const want = `5.7.1 ClamAV FOUND VIRUS "` + clamdtest.Virus + `"`
	if got := replyOf(send(mta.Addr, "ann@example.org", bob, file+clamdtest.Eicar+"\r\n")); got != "554 "+want {
		t.Errorf("a virus: %s", got)
	}
	if got := replyOf(send(mta.Addr, "ann@example.org", bob, text+"harmless\r\n")); got != "<nil>" {
		t.Errorf("none: %s", got)
	}
	if d := mta.Next(t); !strings.Contains(d.Raw, "harmless") {
		t.Errorf("delivered %q", d.Raw)
	}
	for _, want := range []string{"T (reject)", `reject "` + strings.TrimPrefix(want, "5.7.1 ") + `"`} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not say %s: %s", want, log)
		}
	}
}

// held has Postfix keep what is to be rejected. This daemon's DNS never answers,
// so other mail is put off.
func held(t *testing.T, mta *postfix.Server, addr string) {
	silence, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silence.Close()
	_, log, stop := start(t, "-milter", addr, "-profile", "dms", "-gtube", "all", "-maps", "none", "-quarantine-on-reject", "-monitoring=false", "-dns", silence.LocalAddr().String())
	defer func() {
		if code := stop(); code != 0 {
			t.Errorf("exit code %d: %s", code, log)
		}
	}()
	if got := replyOf(send(mta.Addr, "ann@example.org", bob, text+"XJS"+gtubeTail+"\r\n")); got != "<nil>" {
		t.Errorf("to be held: %s", got)
	}
	redistest.Await(t, "Postfix holds the mail", func() bool { return len(mta.Held(t)) == 1 })
	if got := replyOf(send(mta.Addr, "ann@example.org", bob, text+"hello\r\n")); got != "451 4.7.1 timeout processing message" {
		t.Errorf("without DNS: %s", got)
	}
	mta.Release(t)
	if d := mta.Next(t); !strings.Contains(d.Raw, "XJS") || strings.Contains(d.Raw, "forged") {
		t.Errorf("delivered %q", d.Raw)
	}
	if !strings.Contains(log.String(), "reply: quarantine") || !strings.Contains(log.String(), "F (soft reject)") {
		t.Errorf("log %s", log)
	}
}
