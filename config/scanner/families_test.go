package scanner

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks/rbl"
	"github.com/winnowmail/winnow/lists"
	"github.com/winnowmail/winnow/signing"
)

func TestSigning(t *testing.T) {
	s, _, _ := setup(t, map[string]string{"override.d/dkim_signing.conf": `
		enabled = true; sign_authenticated = true; sign_local = false; try_fallback = false; use_domain = "header"; use_redis = false;
		use_esld = true; allow_username_mismatch = true; check_pubkey = true;
		domain { example.com { path = "/dkim/a.private.txt"; selector = "mail"; } example.org { selectors [{ path = "/b"; selector = "x"; }, { path = "/c"; selector = "y"; }] } }`})
	r := s.Families.Signing.DKIM
	if r == nil || r.Local || !r.Authenticated || r.Fallback || !r.UserMismatch || !r.CheckKey || r.Domain != signing.FromHeader ||
		!slices.Equal(r.Domains["example.com"], []signing.Selector{{Selector: "mail", Path: "/dkim/a.private.txt"}}) || len(r.Domains["example.org"]) != 2 {
		t.Errorf("%+v", r)
	}
	if s.Families.Signing.ARC != nil || len(s.Warnings) > 0 {
		t.Errorf("%+v, %s", s.Families.Signing.ARC, said(s))
	}
	if s, _, _ := setup(t, map[string]string{"override.d/dkim_signing.conf": "enabled = false; domain { example.com { path = \"/k\"; selector = \"mail\"; } }"}); s.Families.Signing.DKIM != nil {
		t.Error("signs though it is switched off")
	}
}

func TestHeadersAndViruses(t *testing.T) {
	s, _, _ := setup(t, map[string]string{
		"local.d/milter_headers.conf": `extended_spam_headers = true; use = ["x-spam-level"]; skip_local = false; routines { x-spam-level { char = "#"; remove = 1; } x-rspamd-action { header = "X-Action"; } }`,
		"local.d/antivirus.conf": `ClamAV { type = "clamav"; servers = "/var/run/clamav/clamd.ctl"; symbol = "CLAM_VIRUS"; action = "reject"; log_clean = true;
			message = '${SCANNER} FOUND VIRUS "${VIRUS}"'; scan_mime_parts = false; max_size = 25000000; timeout = 10; retransmits = 2; }
			other { type = "sophos"; servers = "127.0.0.1:4010"; }`,
	})
	h := s.Families.MilterHeaders
	if !h.Extended || !h.Local || h.Authenticated || h.Headers["x-spam-level"].Char != "#" || h.Headers["x-rspamd-action"].Name != "X-Action" || !slices.Equal(h.Use, []string{"x-spam-level"}) {
		t.Errorf("%+v", h)
	}
	rules := s.Families.Antivirus.Rules
	if len(rules) != 1 {
		t.Fatalf("%+v", rules)
	}
	if r := rules[0]; r.Name != "ClamAV" || !r.Whole || r.Action != actions.Reject || r.Servers[0] != "unix:/var/run/clamav/clamd.ctl" || r.Timeout != 10*time.Second || r.MaxSize != 25000000 {
		t.Errorf("%+v", r)
	}
	if !strings.Contains(said(s), "scanners of type sophos are asked by ICAP") {
		t.Errorf("%s", said(s))
	}
}

// Abusix's file as its users have it, and a stock list switched off.
func TestLists(t *testing.T) {
	s, scanner, _ := setup(t, map[string]string{
		"local.d/rbl.conf": `default_exclude_users = true;
			rbls { spamhaus { enabled = false; }
			ABUSIX { rbl = "key.combined.mail.abusix.zone"; ipv6 = true; from = true; received = true; unknown = false; ignore_whitelists = true; symbol = "ABX_IP";
				returncodes { ABX_IP_BLACK = ["127.0.0.2", "127.0.%d+.200"]; } }
			DQS { rbl = "key.dbl.dq.spamhaus.net"; checks = ["urls", "helo"]; emails_domainonly = true; ignore_defaults = true; returnbits { DQS_BIT = 8; } } }`,
		"local.d/rbl_group.conf":   "symbols { ABX_IP_BLACK { weight = 5; } }",
		"override.d/surbl.conf":    "rules { OWN { suffix = \"uri.example.org\"; } }",
		"override.d/greylist.conf": "whitelisted_ip = [\"192.0.2.7\"];",
	})
	o := s.Families.RBL
	find := func(name string) rbl.List {
		i := slices.IndexFunc(o.Lists, func(l rbl.List) bool { return l.Name == name })
		if i < 0 {
			t.Fatalf("there is no list %s", name)
		}
		return o.Lists[i]
	}
	if l := find("ABUSIX"); l.Zone != "key.combined.mail.abusix.zone" || !slices.Equal(l.Checks, []rbl.What{rbl.From, rbl.Received}) || !l.IgnoreWhite || !l.ExcludeUsers || !l.ExcludeLocal ||
		!slices.Equal(l.Codes[0].Answers, []string{"127.0.0.2", "127.0.*.200"}) {
		t.Errorf("%+v", l)
	}
	if l := find("DQS"); l.ExcludeUsers || l.Codes[0].Bits[0] != 8 || !l.DomainOnly {
		t.Errorf("%+v", l)
	}
	if l := find("OWN"); !slices.Equal(l.Checks, []rbl.What{rbl.URLs}) {
		t.Errorf("%+v", l)
	}
	if !slices.Contains(o.Without, "spamhaus") || weight(t, scanner, "ABX_IP_BLACK") != 5 {
		t.Errorf("without %q", o.Without)
	}
	for _, d := range scanner.Metric().Defs() {
		if d.Name == "RBL_SPAMHAUS_SBL" {
			t.Error("spamhaus is asked though it is switched off")
		}
	}
}

func TestRates(t *testing.T) {
	s, _, _ := setup(t, map[string]string{
		"local.d/redis.conf": "servers = \"localhost\";",
		"local.d/ratelimit.conf": `rates { to = { bucket { burst = 100; rate = 0.033; } } to_ip_from { bucket = [ { burst = 30; rate = "1 / 1m"; }, { burst = 300; rate = "1000 / 1d"; } ] }
			bounce_to = "5 / 1h"; off { enabled = false; bucket { burst = 1; rate = 1; } } }
			whitelisted_rcpts = "postmaster,mailer-daemon"; whitelisted_ip = "10.0.0.0/8";`,
	})
	o := s.Families.Ratelimit
	if len(o.Limits) != 3 || o.Limits[0].Buckets[0].Burst != 100 || o.Limits[0].Buckets[0].Rate != .033 || len(o.Limits[1].Buckets) != 2 || o.Limits[1].Buckets[1].Burst != 300 ||
		o.Limits[2].Buckets[0].Burst != 5 {
		t.Errorf("%+v", o.Limits)
	}
	if !slices.Equal(o.ExemptRcpts, []string{"postmaster", "mailer-daemon"}) || !slices.Equal(o.ExemptNetworks, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}) {
		t.Errorf("%+v", o)
	}
}

// All lists that files name are made by one Watcher, whose options they say.
func TestOneWatcher(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"friends", "more", "near"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var watcher *lists.Watcher
	read := func() *Setup {
		s, err := Read(load(t, map[string]string{
			"local.d/options.inc":     "map_watch_interval = 2min;",
			"local.d/multimap.conf":   "FRIENDS { type = \"from\"; map = \"" + dir + "/friends\"; }",
			"local.d/composites.conf": "dynamic = \"" + dir + "/more\";",
			"local.d/settings.conf":   "near { ip_map = \"" + dir + "/near\"; apply { actions { reject = 9; } } }",
		}), Base{Lists: func(m Maps) (*lists.Watcher, error) {
			if m.Every != 2*time.Minute || m.EveryFile != 2*time.Minute {
				t.Errorf("%+v", m)
			}
			if watcher == nil {
				watcher = lists.NewWatcher(lists.Options{Every: m.Every})
			}
			return watcher, nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	first, again := read(), read()
	if first.Families.Multimap.Watcher != watcher || first.Families.Multimap.Rules[0].List != again.Families.Multimap.Rules[0].List || first.Followed[0] != again.Followed[0] {
		t.Error("the second reading has lists of its own")
	}
}
