package milter_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/milter"
)

// frame makes a frame of a command and its data: bytes as int, or strings.
func frame(cmd byte, data ...any) []byte {
	b := []byte{0, 0, 0, 0, cmd}
	for _, d := range data {
		switch d := d.(type) {
		case int:
			b = append(b, byte(d))
		case string:
			b = append(b, d...)
		}
	}
	binary.BigEndian.PutUint32(b, uint32(len(b)-4))
	return b
}

func write(t testing.TB, c net.Conn, frames ...[]byte) {
	t.Helper()
	for _, f := range frames {
		if _, err := c.Write(f); err != nil {
			t.Fatal(err)
		}
	}
}

// read returns an answer, code and data.
func read(t testing.TB, c net.Conn) string {
	t.Helper()
	var n [4]byte
	if _, err := io.ReadFull(c, n[:]); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, binary.BigEndian.Uint32(n[:]))
	if _, err := io.ReadFull(c, b); err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func exchange(t testing.TB, c net.Conn, f []byte) string {
	t.Helper()
	write(t, c, f)
	return read(t, c)
}

var hello = frame('O', 0, 0, 0, 6, 0, 0, 1, 0xff, 0, 0x1f, 0xff, 0xff)

// TestNonsense sends what no MTA sends. The connection is closed with a log
// line; another one that is in the middle of its message does not notice.
func TestNonsense(t *testing.T) {
	w := start(t, milter.Options{
		Scanner: scanner(t, func(*checks.Task) {}),
		Limits:  milter.Limits{Rcpts: 100, Fields: 100, Message: 1 << 20},
	})
	witness := w.client(nil)
	repeat := func(f []byte, n int) []byte { return []byte(strings.Repeat(string(f), n)) }
	mail := frame('M', "<a@example.org>\x00")
	for name, c := range map[string]struct {
		sent []byte
		log  string
	}{
		"HTTP":                    {[]byte("GET / HTTP/1.1\r\n\r\n"), "a frame of"},
		"length 0":                {[]byte{0, 0, 0, 0}, "a frame of 0"},
		"length 0 later":          {append(hello[:len(hello):len(hello)], 0, 0, 0, 0, 'A'), "a frame of 0"},
		"length 2^32-1":           {append(hello[:len(hello):len(hello)], 255, 255, 255, 255, 'B'), "a frame of 4294967295"},
		"no negotiation":          {mail, "the negotiation comes first"},
		"two negotiations":        {repeat(hello, 2), "first and once"},
		"short negotiation":       {frame('O', 0, 0, 0, 6), "negotiation of 4"},
		"version 1":               {frame('O', 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0), "version 1"},
		"unknown command":         {append(hello[:len(hello):len(hello)], frame('Z', "x")...), "unknown command"},
		"connect without NUL":     {append(hello[:len(hello):len(hello)], frame('C', "host")...), "kind of address"},
		"connect with a host":     {append(hello[:len(hello):len(hello)], frame('C', "host\x00")...), "kind of address"},
		"connect without a port":  {append(hello[:len(hello):len(hello)], frame('C', "host\x004\x00")...), "kind '4' with 1 bytes"},
		"connect of kind 9":       {append(hello[:len(hello):len(hello)], frame('C', "host\x009\x00\x19x\x00")...), "kind '9'"},
		"connect from nowhere":    {append(hello[:len(hello):len(hello)], frame('C', "host\x004\x00\x19nowhere\x00")...), "no address"},
		"connect IPv6 by IPv4":    {append(hello[:len(hello):len(hello)], frame('C', "host\x004\x00\x19::1\x00")...), "no address"},
		"empty HELO":              {append(hello[:len(hello):len(hello)], frame('H')...), "empty command"},
		"MAIL without NUL":        {append(hello[:len(hello):len(hello)], frame('M', "<a@example.org>")...), "without an end"},
		"empty MAIL":              {append(hello[:len(hello):len(hello)], frame('M')...), "without an end"},
		"RCPT without NUL":        {append(hello[:len(hello):len(hello)], frame('R', "x")...), "without an end"},
		"header without value":    {append(hello[:len(hello):len(hello)], frame('L', "From\x00")...), "not a name and a value"},
		"header with three parts": {append(hello[:len(hello):len(hello)], frame('L', "From\x00a\x00b\x00")...), "not a name and a value"},
		"macros of nothing":       {append(hello[:len(hello):len(hello)], frame('D')...), "macros without a command"},
		"macros of 70 kB":         {append(hello[:len(hello):len(hello)], frame('D', "M"+strings.Repeat("x", 70_000))...), "bytes of macros"},
		"macros of 1 MB":          {append(hello[:len(hello):len(hello)], frame('D', "M"+strings.Repeat("x", 1<<20))...), "a frame of 1048578 bytes, the limit is 1048576"},
		"macros of almost 1 MB":   {append(hello[:len(hello):len(hello)], frame('D', "M"+strings.Repeat("x", 1_000_000))...), "1000001 bytes of macros, the limit is 65536"},
		"10,000 recipients":       {append(append(hello[:len(hello):len(hello)], mail...), repeat(frame('R', "<b@example.net>\x00"), 10_000)...), "more than 100 recipients"},
		"too many recipients":     {append(append(hello[:len(hello):len(hello)], mail...), repeat(frame('R', "<b@example.net>\x00"), 101)...), "more than 100 recipients"},
		"too many fields":         {append(append(hello[:len(hello):len(hello)], mail...), repeat(frame('L', "X\x00y\x00"), 101)...), "more than 100 header fields"},
		"ends in a frame":         {append(hello[:len(hello):len(hello)], frame('M', "<a@example.org>\x00")[:9]...), "in the middle of a frame"},
		"ends in a message":       {append(hello[:len(hello):len(hello)], mail...), "in a message"},
	} {
		w.log.b.Reset()
		w.must(witness.Mail("a@example.org", ""))
		conn, err := net.Dial("tcp", w.addr.String())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = conn.Write(c.sent) // it may be closed before the end
		_ = conn.(*net.TCPConn).CloseWrite()
		_, _ = io.Copy(io.Discard, conn) // until the server closes
		conn.Close()
		w.must(witness.Rcpt("b@example.net", ""))
		if got := told(w.rest(witness, sample)); got != "Accept" {
			t.Errorf("%s: another connection was told %s", name, got)
		}
		if log := w.log.String(); !strings.Contains(log, "connection closed") || !strings.Contains(log, c.log) {
			t.Errorf("%s: log %q, want %q", name, log, c.log)
		}
	}
}

// TestQuietEnds: connections that end where they may are no warning.
func TestQuietEnds(t *testing.T) {
	w := start(t, milter.Options{Scanner: scanner(t, func(*checks.Task) {})})
	for name, sent := range map[string][]byte{
		"at once": {}, "after the negotiation": hello, "QUIT": append(hello[:len(hello):len(hello)], frame('Q')...),
		"macros of an unknown command": append(hello[:len(hello):len(hello)], frame('D', "?x\x00y\x00")...),
		"the next client":              append(append(hello[:len(hello):len(hello)], frame('K')...), frame('Q')...),
		"an unknown SMTP command":      append(append(hello[:len(hello):len(hello)], frame('U', "XYZZY\x00")...), frame('Q')...),
	} {
		conn, err := net.Dial("tcp", w.addr.String())
		if err != nil {
			t.Fatal(err)
		}
		write(t, conn, sent)
		_ = conn.(*net.TCPConn).CloseWrite()
		if _, err := io.Copy(io.Discard, conn); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		conn.Close()
	}
	if log := w.log.String(); log != "" {
		t.Errorf("log: %s", log)
	}
}

// TestPatience has each time-out pass.
func TestPatience(t *testing.T) {
	mail := append(hello[:len(hello):len(hello)], frame('M', "<a@example.org>\x00")...)
	for name, c := range map[string]struct {
		times milter.Timeouts
		sent  []byte
		log   string
	}{
		"negotiation": {milter.Timeouts{Negotiate: time.Millisecond}, nil, "before the negotiation"},
		"idle":        {milter.Timeouts{Idle: time.Millisecond}, hello, "between two messages"},
		"command":     {milter.Timeouts{Command: time.Millisecond}, mail, "in a message"},
		"message":     {milter.Timeouts{Message: time.Millisecond}, mail, "message"},
		"frame":       {milter.Timeouts{Frame: time.Millisecond}, hello[:6], "in the middle of a frame"},
	} {
		w := start(t, milter.Options{Timeouts: c.times, Scanner: scanner(t, func(*checks.Task) {})})
		conn, err := net.Dial("tcp", w.addr.String())
		if err != nil {
			t.Fatal(err)
		}
		write(t, conn, c.sent)
		_, _ = io.Copy(io.Discard, conn)
		conn.Close()
		if log := w.log.String(); !strings.Contains(log, c.log) || !strings.Contains(log, "timeout") && name != "message" {
			t.Errorf("%s: log %q", name, log)
		}
	}
}

func TestConnectionLimit(t *testing.T) {
	w := start(t, milter.Options{Limits: milter.Limits{Connections: 1}, Scanner: scanner(t, func(*checks.Task) {})})
	first := w.client(nil)
	conn, err := net.Dial("tcp", w.addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if n, err := conn.Read(make([]byte, 1)); err == nil {
		t.Errorf("one too many got %d bytes", n)
	}
	if log := w.log.String(); !strings.Contains(log, "connection refused") {
		t.Errorf("log %q", log)
	}
	if got := told(w.send(first, sample)); got != "Accept" {
		t.Errorf("the first was told %s", got)
	}
}

// FuzzDialogue speaks whole dialogues with a server: each byte of script is a
// frame or a piece of one. Whatever is sent, the server survives, ends the
// connection and leaves nothing behind.
func FuzzDialogue(f *testing.F) {
	f.Add([]byte("OCDHMRRLLNBBEAMRLNBEQ"), []byte("a@example.org\x00b"))
	f.Add([]byte("OMRE"), []byte(""))
	f.Add([]byte("OEEAAKKMMRRDDTTUUBBNNLLQ"), []byte("\x004\x00\x19192.0.2.1\x00"))
	f.Add([]byte("MO\x00\xff"), []byte("x"))
	f.Add([]byte("OCKCHMAMRTLNBEKMRLBE"), []byte("i\x00Q\x00{rcpt_mailer}\x00error\x00"))
	server, err := milter.New(milter.Options{
		Scanner: fuzzScanner(f), Log: slog.New(slog.DiscardHandler), Early: milter.Early{Rcpt: true},
		Limits: milter.Limits{Rcpts: 10, Fields: 10, Message: 100_000},
	})
	if err != nil {
		f.Fatal(err)
	}
	l, err := milter.Listen("127.0.0.1:0", 0, "")
	if err != nil {
		f.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	f.Cleanup(func() {
		if err := server.Shutdown(context.Background()); err != nil {
			f.Error(err)
		}
		if err := <-served; err != nil {
			f.Error(err)
		}
	})
	f.Fuzz(func(t *testing.T, script, data []byte) {
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		go func() { _, _ = conn.Write(dialogue(script, data)); _ = conn.(*net.TCPConn).CloseWrite() }()
		_ = conn.SetReadDeadline(time.Now().Add(2 * time.Minute))
		if _, err := io.Copy(io.Discard, conn); err != nil && !strings.Contains(err.Error(), "reset") {
			t.Fatal(err)
		}
	})
}

// dialogue makes frames of a script, with well-formed data for capital letters
// and the fuzzer's own for small ones.
func dialogue(script, data []byte) (sent []byte) {
	if len(script) > 60 {
		script = script[:60]
	}
	for _, cmd := range script {
		switch cmd {
		case 'O':
			sent = append(sent, hello...)
		case 'C':
			sent = append(sent, frame('C', "mail.example.org\x004\x00\x19192.0.2.1\x00")...)
		case 'M', 'R':
			sent = append(sent, frame(cmd, "<a@example.org>\x00SIZE=10\x00")...)
		case 'L':
			sent = append(sent, frame('L', "X-Spam\x00 no\x00")...)
		case 'D':
			sent = append(sent, frame('D', "M"+string(data))...)
		case 'B':
			sent = append(sent, frame('B', strings.Repeat(string(data), 1+4_000/(1+len(data))))...)
		case 'H', 'U':
			sent = append(sent, frame(cmd, fmt.Sprintf("%.100q\x00", data))...)
		default:
			if 'a' <= cmd && cmd <= 'z' {
				sent = append(sent, frame(cmd-0x20, string(data))...)
			} else if 'A' <= cmd && cmd <= 'Z' {
				sent = append(sent, frame(cmd)...)
			} else {
				sent = append(sent, cmd)
			}
		}
	}
	return sent
}

func fuzzScanner(f *testing.F) milter.Scanner {
	f.Helper()
	s, err := winnow.New(winnow.Options{Families: []*checks.Family{}})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = s.Close(context.Background()) })
	return s
}
