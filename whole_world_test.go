package winnow_test

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"maps"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks/authheader"
	"github.com/winnowmail/winnow/checks/greylist"
	"github.com/winnowmail/winnow/checks/knownsenders"
	"github.com/winnowmail/winnow/checks/languages"
	"github.com/winnowmail/winnow/checks/mxcheck"
	"github.com/winnowmail/winnow/checks/ratelimit"
	"github.com/winnowmail/winnow/checks/rbl"
	"github.com/winnowmail/winnow/checks/replies"
	"github.com/winnowmail/winnow/checks/reputation"
	checksigning "github.com/winnowmail/winnow/checks/signing"
	"github.com/winnowmail/winnow/checks/spamtrap"
	"github.com/winnowmail/winnow/checks/standard"
	"github.com/winnowmail/winnow/internal/hostile"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver/zone"
	"github.com/winnowmail/winnow/score"
	"github.com/winnowmail/winnow/signing"
	"github.com/winnowmail/winnow/storage"
	"github.com/winnowmail/winnow/symbols"
)

// A whole is what FuzzWhole scans and signs with.
type whole struct {
	sites    []site
	identity signing.Identity
	key      ed25519.PrivateKey
	zone     *zone.Zone
}

// A site is a Scanner with a store that is empty when a scan begins.
type site struct {
	*winnow.Scanner
	store *blank
}

// A blank store can be emptied.
type blank struct{ storage.Store }

func (b *blank) clear() { b.Store = storage.NewMemory(storage.MemoryOptions{}) }

func wholeNow() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

func newWhole(tb testing.TB) *whole {
	w := &whole{identity: signing.Identity{Domain: "sign.example.org", Selector: "s"}, key: ed25519.NewKeyFromSeed(random("key", ed25519.SeedSize))}
	record, err := signing.Record(w.key.Public())
	if err != nil {
		tb.Fatal(err)
	}
	w.zone = zone.New(txt(signing.RecordName(w.identity.Domain, w.identity.Selector), record).Records...)
	servers := hostileDNS()
	small := mail.Limits{Size: 2000, HeaderBytes: 900, Headers: 12, Parts: 4, Depth: 2, DecodedBytes: 1500, TextBytes: 300, HTMLTags: 10, URLs: 4, Words: 20}
	for _, c := range []struct {
		profile winnow.Profile
		dns     string
		limits  mail.Limits
		memory  bool
	}{
		{winnow.Rspamd(), "random bytes", mail.Limits{}, false},
		{winnow.RspamdExact(), "everything is listed", mail.Limits{}, false},
		{winnow.DMS(), "", mail.Limits{}, true},
		{winnow.Rspamd34(), "SERVFAIL", mail.Limits{}, true},
		{winnow.DMS(), "everything is listed", small, false},
	} {
		o := w.options(c.memory)
		o.Profile, o.Limits = c.profile, c.limits
		if c.dns != "" {
			o.DNS.Resolver = servers[c.dns]
		}
		b := &blank{}
		b.clear()
		o.Store = b
		s, err := winnow.New(o)
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() { _ = s.Close(context.Background()) })
		w.sites = append(w.sites, site{s, b})
	}
	return w
}

// options have all families, those that are off by default too, those that
// remember if asked for, and sign and seal everything.
func (w *whole) options(memory bool) winnow.Options {
	o := builtin()
	dkimRules, arcRules := signing.DKIM(), signing.ARC()
	for _, r := range []*signing.Rules{&dkimRules, &arcRules} {
		r.Condition = func(*mail.Message, signing.Client) signing.Decision {
			return signing.Decision{Sign: []signing.Identity{w.identity}}
		}
		r.Keys = signing.Keys{signing.RecordName(w.identity.Domain, w.identity.Selector): w.key}
	}
	families := standard.Options{
		RBL: rbl.Options{NoMonitoring: true}, MX: &mxcheck.Options{IPv6: true}, AuthHeader: &authheader.Options{Local: true},
		Signing: checksigning.Options{DKIM: &dkimRules, ARC: &checksigning.ARC{Rules: arcRules, ServID: "mx.example.net"}},
	}
	if memory {
		remember(&families)
	}
	o.Families = standard.Families(families)
	o.Clock = wholeNow
	o.Timeout, o.StoreBudget = time.Hour, time.Hour // on however busy a machine
	return o
}

// remember switches on what needs a store.
func remember(o *standard.Options) {
	always := -1000.0
	few := []ratelimit.Bucket{{Burst: 2, Rate: .01}}
	o.Greylist = &greylist.Options{CheckLocal: true, CheckAuthenticated: true, MinScore: &always}
	o.Replies = &replies.Options{}
	o.Reputation = &reputation.Options{Rules: append(reputation.Default(),
		reputation.Rule{Kind: reputation.URL, LowerBound: -1}, reputation.Rule{Kind: reputation.From, Symbol: "FROM_REPUTATION", LowerBound: -1, Weight: 1})}
	o.KnownSenders = &knownsenders.Options{Domains: []string{"example.org", ".example"}}
	o.Spamtrap = &spamtrap.Options{Patterns: []string{"^r"}, Store: true, Several: true}
	o.Languages = languages.Options{Welcome: []string{"de"}, MinWords: 3}
	o.Ratelimit = ratelimit.Options{
		Limits: []ratelimit.Limit{{Name: "to_ip_from", Buckets: few, EachRcpt: true}, {Name: "digest", Buckets: few}},
		Users:  ratelimit.Users{Messages: few, Bounces: few}, FoldPlus: true, Dynamic: true,
	}
}

// wholeLayers are what a message's and a recipient's settings change.
func wholeLayers() []winnow.Layer {
	def := &symbols.Def{Name: "T_ODD", Doc: "\xff", Weight: -3}
	return []winnow.Layer{
		{Thresholds: actions.Thresholds{actions.RewriteSubject: -100, actions.Reject: math.NaN()}},
		{Disable: []string{"*"}, Enable: []string{"headers", "R_DKIM_ALLOW"}, Thresholds: actions.Thresholds{"odd \xff": -1}},
		{Weights: map[string]float64{"MISSING_SUBJECT": 1e8, "R_SPF_NA": -7.3}, Groups: map[string]score.Group{"headers": {Max: 0.1}}},
		{
			Composites: map[string]*score.Composite{"T_ODD": {Def: def, Expression: "MISSING_SUBJECT | ARC_NA & !R_DKIM_ALLOW", Policy: score.RemoveWeight}},
			Thresholds: actions.Thresholds{actions.AddHeader: 0.5, actions.Greylist: -2},
		},
	}
}

// wholeEnvelope takes sender, HELO, client's name, user, queue, server and
// recipients from lines and the rest from bits.
func wholeEnvelope(words string, bits uint32) mail.Envelope {
	lines := append(strings.Split(words, "\n"), make([]string, 6)...)
	clients := []netip.Addr{
		{}, netip.MustParseAddr("192.0.2.4"), netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("2001:db8::1"),
		netip.MustParseAddr("::ffff:192.0.2.4"), netip.MustParseAddr("fe80::1%a\xff"), netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("::"),
	}
	e := mail.Envelope{
		ClientIP: clients[bits&7], HasFrom: bits&8 != 0, From: lines[0], Helo: lines[1], ClientName: lines[2],
		User: lines[3], QueueID: lines[4], MTAName: lines[5], Rcpts: lines[6:max(6, len(lines)-6)],
	}
	if bits&16 != 0 {
		e.TLS = mail.TLS{Version: "TLSv1.3", Cipher: lines[1], CertSubject: lines[2]}
	}
	return e
}

type wholeSeed struct {
	raw    []byte
	words  string
	choice uint32
}

// wholeSeeds are mails of every kind, before all sites by turns.
func wholeSeeds(tb testing.TB) []wholeSeed {
	words := []string{
		"bounce@example.org\nmx3.example.org\nmx3.example.org\n\nq\nmx.example.net\nreader@example.net\nother@example.net",
		"\xff@\xe5.example\n[192.0.2.9]\n\nuser\xff@example.org\n\n\nr\xff@example.net",
		"\"a\\\"b\"@bücher.example\nhelo\x00\n-.example\n\n\n\na@xn--bcher-kva.example\nb@bücher.example\n@",
		"", "a@b@c\nh.example\\\n b \nann\n\xe2\x80\xae\nmx\r\n.\n\n\n@@",
	}
	mails := realMail(tb)
	delete(mails, "headers") // FuzzWhole takes nothing so long
	maps.Copy(mails, hostileMail(6))
	for _, s := range hostile.Shapes() {
		mails["hostile "+s.Name] = hostile.Mail("application/octet-stream", "a.bin", s.Make(600))
	}
	maps.Copy(mails, fixtureMail(tb, "archives", "mimeparts", "mimetypes", "received", "html", "headers", "forwarding", "encoding"))
	for i, raw := range oddMail() {
		mails[fmt.Sprint("odd ", i)] = []byte(raw)
	}
	var seeds []wholeSeed
	for i, name := range slices.Sorted(maps.Keys(mails)) {
		seeds = append(seeds, wholeSeed{mails[name], words[i%len(words)], uint32(i) * 2654435761})
	}
	return seeds
}

// fixtureMail returns the messages of families' fixtures.
func fixtureMail(tb testing.TB, families ...string) map[string][]byte {
	all := map[string][]byte{}
	for _, family := range families {
		files, err := filepath.Glob(filepath.Join("checks", family, "testdata", "*.txtar"))
		if err != nil || len(files) == 0 {
			tb.Fatalf("no fixtures of %s (%v)", family, err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				tb.Fatal(err)
			}
			for _, part := range txtar.Parse(data).Files {
				if part.Name == "message.eml" {
					all[file] = []byte(strings.ReplaceAll(string(part.Data), "\n", "\r\n"))
				}
			}
		}
	}
	return all
}

// oddMail are messages that FuzzWhole failed with, and their kin.
func oddMail() []string {
	return []string{
		"From: a@example.org\r\n\rbody", "From : a@example.org\r\nFrom b\r\n\r\nx", "From a\r\nFrom: a@example.org\nSubject: \xff\n\n\r\r\n",
		"From: a@b.example\r\nSubject: x\r\n\r\nXJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\r\n",
		"From: a@example.org\r\nContent-Disposition: attachment; filename=\"invoice.pdf ",
		"Subject: =?utf-8?b?" + strings.Repeat("QQ", 200) + "?=\r\nFrom: a@b\r\nContent-Type: text/html\r\n\r\n<a href=http://\xff.example>\x00",
		" text\nand more: text\r\n", "\n\n \ttext\n", "0: ", "1: x\r\n2: y\r\n\r\nbody\r\n", "-: x\n",
	}
}
