package dmarcreport

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/arc"
	"github.com/winnowmail/winnow/checks/checktest"
	"github.com/winnowmail/winnow/checks/dkim"
	"github.com/winnowmail/winnow/checks/dmarc"
	"github.com/winnowmail/winnow/checks/spf"
	"github.com/winnowmail/winnow/internal/shared"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver/zone"
	"github.com/winnowmail/winnow/storage"
)

// today is the day of the notes.
func today() time.Time { return checktest.Now() }

// scanner scans with no check at all: what is known comes from seeds.
func scanner(t testing.TB, after ...winnow.After) *winnow.Scanner {
	t.Helper()
	s, err := winnow.New(winnow.Options{Families: []*checks.Family{}, Clock: today, After: after, StoreBudget: -1})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// note notes a message with that result.
func note(t testing.TB, o Options, kv storage.KV, ip string, res dmarc.Result, extra ...checks.Seeded) {
	t.Helper()
	s := scanner(t)
	defer s.Close(context.Background())
	m := &winnow.Message{
		Envelope: mail.Envelope{ClientIP: netip.MustParseAddr(ip)}, Body: winnow.FromBytes([]byte("From: a@example.org\r\n\r\n")),
	}
	r, err := s.Scan(context.Background(), m, append(extra, checks.Seed(dmarc.Fact, res))...)
	if err != nil {
		t.Error(err)
		return
	}
	o.Store = kv
	if err := After(o).Run(context.Background(), r); err != nil && !errors.Is(err, errFull) {
		t.Error(err)
	}
}

// result is a failure for a domain whose record is text.
func result(t testing.TB, domain, text string) dmarc.Result {
	t.Helper()
	r, ok := dmarc.ParseRecord(text)
	if !ok {
		t.Fatalf("%q is no record", text)
	}
	return dmarc.Result{Status: "fail", Domain: domain, From: domain, Policy: r.Policy, Disposition: r.Policy, Record: &r}
}

// post collects what is sent.
type post struct {
	mu    sync.Mutex
	mails []Mail
	fail  func(to string) bool
}

func (p *post) sender(kv storage.KV, dns string) *Sender {
	return &Sender{
		Domain: "mx.example.com", Organization: "Example & Co", Email: "postmaster@example.com", Store: kv, Resolver: zone.Must(dns),
		Send: func(_ context.Context, m Mail) error {
			p.mu.Lock()
			defer p.mu.Unlock()
			if p.fail != nil && p.fail(m.To) {
				return errors.New("connection refused")
			}
			p.mails = append(p.mails, m)
			return nil
		},
	}
}

func (p *post) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.mails)
}

func unpack(t *testing.T, m Mail) ([]byte, feedback) {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(m.Data))
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	var f feedback
	if err := xml.Unmarshal(data, &f); err != nil {
		t.Fatalf("%v in %s", err, data)
	}
	return data, f
}

const wanted = "v=DMARC1; p=reject; sp=quarantine; adkim=s; fo=1; rua=mailto:dmarc@example.org"

// sample makes one report about messages of several kinds.
func sample(t *testing.T) Mail {
	kv := storage.NewMemory(storage.MemoryOptions{})
	res := result(t, "example.org", wanted)
	for range 3 {
		note(t, Options{}, kv, "192.0.2.1", res, checks.Seed(spf.Fact, spf.Result{Status: "fail", Domain: "bounce.example.net"}),
			checks.Seed(dkim.Fact, []dkim.Signature{{Domain: "Example.NET", Selector: "s<1>", Status: "fail"}, {Domain: "x", Status: "permerror", Ignored: true}}))
	}
	res.Status, res.SPFAligned = "pass", true
	note(t, Options{}, kv, "2001:db8::1", res, checks.Seed(spf.Fact, spf.Result{Status: "pass", Domain: "example.org"}))
	res = result(t, "example.org", wanted)
	note(t, Options{}, kv, "192.0.2.2", res, checks.Seed(arc.Fact, arc.Result{Status: "pass", SoftensDMARC: true}))
	res.Disposition, res.Override = "quarantine", "sampled_out"
	note(t, Options{}, kv, "192.0.2.3", res)
	p := &post{}
	s := p.sender(kv, "")
	sum, err := s.Run(t.Context(), today())
	if err != nil || sum != (Summary{Sent: 1}) || len(p.mails) != 1 {
		t.Fatalf("got %+v, %v, %d mails", sum, err, len(p.mails))
	}
	if sum, err := s.Run(t.Context(), today()); sum != (Summary{}) || err != nil {
		t.Errorf("again: %+v, %v", sum, err)
	}
	if n := kv.Stats().Keys; n != 1 { // the day's number of policies
		t.Errorf("%d keys are left", n)
	}
	return p.mails[0]
}

// The envelope sender of a bounce is told as none, whatever HELO said.
func TestEnvelopeSender(t *testing.T) {
	for identity, want := range map[string]string{"mailfrom": "mx.example.net", "helo": ""} {
		kv := storage.NewMemory(storage.MemoryOptions{})
		note(t, Options{}, kv, "192.0.2.1", result(t, "example.org", wanted),
			checks.Seed(spf.Fact, spf.Result{Status: "pass", Domain: "mx.example.net", Identity: identity}))
		p := &post{}
		if _, err := p.sender(kv, "").Run(t.Context(), today()); err != nil || len(p.mails) != 1 {
			t.Fatalf("%v, %d mails", err, len(p.mails))
		}
		_, f := unpack(t, p.mails[0])
		if got := f.Records[0]; got.Identifiers.EnvelopeFrom != want || got.Results.SPF.Domain != "mx.example.net" {
			t.Errorf("%s: %+v", identity, got)
		}
	}
}

func TestReport(t *testing.T) {
	m := sample(t)
	if !strings.HasPrefix(m.Filename, "mx.example.com!example.org!1793491200!1793577599!") || !strings.HasSuffix(m.Filename, ".xml.gz") {
		t.Errorf("file name %s", m.Filename)
	}
	if m.To != "dmarc@example.org" || m.Subject != "Report Domain: example.org Submitter: mx.example.com Report-ID: <"+m.ReportID+">" {
		t.Errorf("to %s, subject %s", m.To, m.Subject)
	}
	text, f := unpack(t, m)
	var got []string
	for _, r := range f.Records {
		row := fmt.Sprint(r.SourceIP, " ", r.Count, " ", r.Evaluated.Disposition, " ", r.Evaluated.DKIM, " ", r.Evaluated.SPF, " ", r.Results.SPF.Result)
		for _, d := range r.Results.DKIM {
			row += " " + d.Domain + ":" + d.Selector + ":" + d.Result
		}
		if why := r.Evaluated.Reason; why != nil {
			row += " " + why.Type + ":" + why.Comment
		}
		got = append(got, row)
	}
	if want := []string{
		"192.0.2.1 3 reject fail fail fail example.net:s<1>:fail",
		"2001:db8::1 1 pass fail pass pass",
		"192.0.2.2 1 none fail fail none trusted_forwarder:arc=pass",
		"192.0.2.3 1 quarantine fail fail none other:sampled_out",
	}; !slices.Equal(got, want) {
		t.Errorf("rows\n%s, want\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if f.Policy.P != "reject" || f.Policy.SP != "quarantine" || f.Policy.ADKIM != "s" || f.Policy.ASPF != "r" || f.Policy.Discovery != "psl" ||
		f.Metadata.Organization != "Example & Co" {
		t.Errorf("head of %s", text)
	}
}

// TestSchema has xmllint compare a report with the schema.
func TestSchema(t *testing.T) {
	xmllint, err := exec.LookPath("xmllint")
	if err != nil {
		t.Skip("no xmllint")
	}
	text, _ := unpack(t, sample(t))
	cmd := exec.Command(xmllint, "--noout", "--schema", "testdata/report.xsd", "-")
	cmd.Stdin = bytes.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s\n%s", out, text)
	}
}

// paths lists the elements of a document by their paths.
func paths(data []byte) map[string]bool {
	all, at := map[string]bool{}, []string{}
	d := xml.NewDecoder(bytes.NewReader(data))
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	for {
		tok, err := d.Token()
		switch e := tok.(type) {
		case xml.StartElement:
			at = append(at, e.Name.Local)
			all[strings.Join(at, "/")] = true
		case xml.EndElement:
			at = at[:len(at)-1]
		}
		if err != nil {
			return all
		}
	}
}

func TestSuiteReports(t *testing.T) {
	dir := shared.Path(t, "suites/reports")
	known, files := map[string]bool{}, 0
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".xml" {
			return err
		}
		data, err := os.ReadFile(path)
		for p := range paths(data) {
			known[p] = true
		}
		files++
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	text, _ := unpack(t, sample(t))
	mine, right := paths(text), 0
	for p := range mine {
		if known[p] || p == "feedback/report_metadata/generator" {
			right++
		} else {
			t.Errorf("element %s is in none of the reports", p)
		}
	}
	t.Logf("reports: %d of %d elements are as in %d reports", right, len(mine), files)
}
