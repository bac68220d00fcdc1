package bolt_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/xml"
	"io"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks/dmarcreport"
	"github.com/winnowmail/winnow/checks/mxcheck"
	"github.com/winnowmail/winnow/checks/standard"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/resolver/zone"
	"github.com/winnowmail/winnow/storage/bolt"
)

// A site is a program that is started again and again over one file.
type site struct {
	path  string
	now   time.Time
	dials int
}

const siteZone = `
example.org MX 10 mx.example.org
mx.example.org A 127.0.0.1
example.org TXT "v=spf1 -all"
_dmarc.example.org TXT "v=DMARC1; p=none; rua=mailto:reports@example.org"
`

// open opens the file.
func (s *site) open(t *testing.T) *bolt.Store {
	t.Helper()
	store, err := bolt.Open(s.path, bolt.Options{Clock: func() time.Time { return s.now }})
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// scan starts the program, scans one mail and ends it.
func (s *site) scan(t *testing.T) *winnow.Result {
	t.Helper()
	store := s.open(t)
	scanner, err := winnow.New(winnow.Options{
		Families: standard.Families(standard.Options{MX: &mxcheck.Options{Loopback: true, Dial: s.dial}}),
		DNS:      resolver.Options{Resolver: zone.Must(siteZone)},
		Store:    store, StoreBudget: -1,
		After: []winnow.After{dmarcreport.After(dmarcreport.Options{Store: store})},
		Clock: func() time.Time { return s.now },
	})
	if err != nil {
		t.Fatal(err)
	}
	res, err := scanner.Scan(t.Context(), &winnow.Message{
		Envelope: mail.Envelope{
			ClientIP: netip.MustParseAddr("192.0.2.7"), ClientName: "mx.example.com", Helo: "mx.example.com",
			From: "ann@example.org", HasFrom: true, Rcpts: []string{"bob@example.net"},
		},
		Body: winnow.FromBytes([]byte("From: ann@example.org\r\nTo: bob@example.net\r\nSubject: hello\r\n\r\nHello\r\n")),
	})
	if err != nil || len(res.Incomplete) > 0 {
		t.Fatal(err, res.Incomplete)
	}
	if err := scanner.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
	return res
}

// dial answers as a mail server that takes the connection.
func (s *site) dial(context.Context, string, string) (net.Conn, error) {
	s.dials++
	client, server := net.Pipe()
	return client, server.Close()
}

// TestScansAfterRestart holds that what scans keep is there after a restart:
// the outcome of a connection to a mail exchanger, so that none is made again,
// and the rows of DMARC reports, which count on.
func TestScansAfterRestart(t *testing.T) {
	s := &site{path: filepath.Join(t.TempDir(), "state"), now: time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)}
	for range 3 {
		if res := s.scan(t); !res.Has("MX_GOOD") || !res.Has("DMARC_POLICY_SOFTFAIL") {
			t.Errorf("result %s", res.JSON())
		}
	}
	if s.dials != 1 {
		t.Errorf("%d connections to the mail exchanger", s.dials)
	}
	store := s.open(t)
	defer store.Close()
	var sent []dmarcreport.Mail
	sender := &dmarcreport.Sender{
		Domain: "mx.example.net", Organization: "Example", Email: "postmaster@example.net", Store: store, Resolver: zone.Must(siteZone),
		Send: func(_ context.Context, m dmarcreport.Mail) error { sent = append(sent, m); return nil },
	}
	if _, err := sender.Run(t.Context(), s.now); err != nil || len(sent) != 1 {
		t.Fatalf("%v, %d reports", err, len(sent))
	}
	if got := counts(t, sent[0].Data); !slices.Equal(got, []int{3}) {
		t.Errorf("rows of %d messages, want one of 3", got)
	}
}

// counts returns how many messages the rows of a report stand for.
func counts(t *testing.T, data []byte) []int {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	var report struct {
		Counts []int `xml:"record>row>count"`
	}
	if err := xml.Unmarshal(text, &report); err != nil {
		t.Fatal(err)
	}
	return report.Counts
}
