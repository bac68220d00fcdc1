package scanner

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/winnowmail/winnow/actions"
)

// Scanners, relays and aliases as files of the field have them; what is not theirs
// is warned of, and no more than that is lost.
func TestServices(t *testing.T) {
	s, _, _ := setup(t, map[string]string{
		"local.d/external_services.conf": `spamassassin { servers = "127.0.0.1"; symbol = "SPAMD_HIGH"; max_size = 3000000; scheme = "x"; }
			oletools { servers = "10.0.0.1:10050"; extended = true; cache_expire = 100; patterns { MACRO_A = "^A"; } action = "soft reject"; whitelist = ["AX"]; }
			dcc { servers = "/var/dcc/dccifd"; body_max = 99; patterns {} }
			eset { type = "icap"; servers = "10.0.0.2"; scheme = "respmod"; scan_mime_parts = false; }
			vadesecure { servers = "127.0.0.1:23808"; }
			razor { timeout = 3; }`,
		"local.d/p0f.conf":            `enabled = true; socket = "/run/p0f.sock"; patterns { WINDOWS = '^Windows.*'; }`,
		"local.d/external_relay.conf": `enabled = true; rules { RELAY_IP { strategy = "ip_map"; ip_map = ["192.0.2.7"]; } RELAY_USER { strategy = "authenticated"; user_map = ["smtp"]; } }`,
		"local.d/aliases.conf":        `local_domains = ["example.org"]; virtual_aliases = "/etc/rspamd/virtual"; enable_gmail_rules = false; track_chain = true;`,
		"local.d/mid.conf":            `source { url = ["https://maps.rspamd.com/rspamd/mid.inc.zst", "/etc/rspamd/mids"]; }`,
		"local.d/mx_check.conf":       `enabled = true; timeout = 3; exclude_domains = ["/etc/rspamd/mx"]; greylist_invalid = false;`,
		"local.d/maillist.conf":       `enabled = false;`,
		"local.d/chartable.conf":      `threshold = 0.7;`,
		"virtual":                     "# ours\ninfo@example.org\tann@example.org, bob@example.org\n@example.com ann@example.org\n",
		"mids":                        "bank.example /^\\d+$/\n",
		"mx":                          "*.example.net\n",
	})
	rules := s.Families.External.Rules
	if len(rules) != 5 {
		t.Fatalf("%+v", rules)
	}
	spamd, olefy, dcc, icap, p0f := rules[0], rules[1], rules[2], rules[3], rules[4]
	if spamd.Symbol != "SPAMD_HIGH" || spamd.MaxSize != 3000000 || spamd.Servers[0] != "127.0.0.1:783" || spamd.Service != "" || !spamd.Local || !spamd.Authenticated {
		t.Errorf("%+v", spamd)
	}
	if olefy.Type != "oletools" || !olefy.Extended || olefy.Expire != 100*time.Second || len(olefy.Patterns) != 1 || olefy.Action != actions.SoftReject || olefy.Ignore[0] != "AX" {
		t.Errorf("%+v", olefy)
	}
	if dcc.Servers[0] != "unix:/var/dcc/dccifd" || dcc.Bulk != 99 || icap.Type != "icap" || icap.Symbol != "ESET" || icap.Servers[0] != "10.0.0.2:1344" || icap.Service != "respmod" || !icap.Whole {
		t.Errorf("%+v\n%+v", dcc, icap)
	}
	if p0f.Type != "p0f" || p0f.Servers[0] != "unix:/run/p0f.sock" || p0f.Patterns[0].Symbol != "WINDOWS" {
		t.Errorf("%+v", p0f)
	}
	if r := s.Families.Relays; r.Off || len(r.Rules) != 2 || r.Rules[0].Networks[0].String() != "192.0.2.7/32" || !slices.Equal(r.Rules[1].Users, []string{"smtp"}) {
		t.Errorf("%+v", r)
	}
	if a := s.Families.Aliases; a.Virtual["info@example.org"] != "ann@example.org" || len(a.Virtual) != 1 || !a.NoGmail || a.LocalDomains[0] != "example.org" {
		t.Errorf("%+v", a)
	}
	if known := s.Families.MessageID.Known; len(known) < 2 || known["bank.example"] == "" {
		t.Errorf("%q", known)
	}
	if m := s.Families.MX; m == nil || m.Dial == nil || m.ConnectTimeout != 3*time.Second || m.ExcludeDomains[0] != "*.example.net" {
		t.Errorf("%+v", m)
	}
	if !slices.Equal(s.off, []string{"maillist"}) {
		t.Errorf("off: %q", s.off)
	}
	for _, want := range []string{"scheme", "vadesecure", "track_chain has no effect", "greylist_invalid has no effect", "threshold has no effect"} {
		if !strings.Contains(said(s), want) {
			t.Errorf("nothing is said of %s: %s", want, said(s))
		}
	}
	if len(s.Warnings) != 5 {
		t.Errorf("%s", said(s))
	}
}

// The server of a module is that of its section, else that of its section within
// redis, else the common one.
func TestServers(t *testing.T) {
	s, _, _ := setup(t, map[string]string{
		"local.d/redis.conf": `servers = "10.0.0.1"; password = "all"; disabled_modules = ["replies", "antivirus"];
			greylist { servers = "10.0.0.2:6380"; db = 3; password = "grey"; prefix = "x"; } known_senders { db = 2; servers = "10.0.0.1"; } rbl { servers = "10.0.0.9"; }`,
		"local.d/ratelimit.conf":     `servers = "10.0.0.3"; prefix = "RL"; rates { to = "9 / 1m"; }`,
		"local.d/known_senders.conf": `enabled = true;`,
		"local.d/mx_check.conf":      `enabled = true; timeout = 3; redis { servers = "/run/mx.sock"; timeout = 2; } db = 9;`,
		"local.d/replies.conf":       `expire = 1d;`,
	})
	want := map[string]string{
		"greylist":      "redis://:grey@10.0.0.2:6380/3?rspamd=true",
		"ratelimit":     "redis://:all@10.0.0.3?rspamd=true",
		"known_senders": "redis://10.0.0.1/2?rspamd=true",
		"mx_check":      "unix://:all@/run/mx.sock?db=9&rspamd=true&timeout=2s",
	}
	if !maps.Equal(s.Daemon.Stores, want) || s.Daemon.State != "redis://:all@10.0.0.1?rspamd=true" {
		t.Errorf("%q, %q", s.Daemon.State, s.Daemon.Stores)
	}
	if s.Families.Greylist == nil || s.Families.Replies != nil || s.Families.MX.ConnectTimeout != 3*time.Second {
		t.Errorf("%+v, %+v", s.Families.Greylist, s.Families.Replies)
	}
	for _, want := range []string{"prefix has no effect", "rbl has no store of its own", "antivirus is not left out"} {
		if !strings.Contains(said(s), want) {
			t.Errorf("nothing is said of %s: %s", want, said(s))
		}
	}
	if len(s.Warnings) != 3 {
		t.Errorf("%s", said(s))
	}
	only, _, _ := setup(t, map[string]string{"local.d/greylist.conf": `servers = "10.0.0.2";`, "local.d/ratelimit.conf": `rates { to = "9 / 1m"; }`})
	if only.Families.Greylist == nil || !only.Families.Ratelimit.Off || only.Daemon.State != "" || only.Daemon.Stores["greylist"] != "redis://10.0.0.2?rspamd=true" {
		t.Errorf("%+v, %q", only.Families.Greylist, only.Daemon.Stores)
	}
}

// Nets are there where the operator's files speak of them, or weigh their symbols.
func TestNets(t *testing.T) {
	const redis = "servers = \"127.0.0.1\";"
	for name, tt := range map[string]struct {
		files map[string]string
		rules int
	}{
		"nothing":     {map[string]string{"local.d/redis.conf": redis}, 0},
		"switched on": {map[string]string{"local.d/redis.conf": redis, "local.d/neural.conf": "enabled = true;"}, 1},
		"weights":     {map[string]string{"local.d/redis.conf": redis, "local.d/neural_group.conf": "symbols { NEURAL_SPAM { weight = 3; } }"}, 1},
		"rules":       {map[string]string{"local.d/redis.conf": redis, "local.d/neural.conf": "rules { A { symbol_spam = \"A_S\"; symbol_ham = \"A_H\"; } B { symbol_spam = \"B_S\"; symbol_ham = \"B_H\"; } }"}, 2},
		"off":         {map[string]string{"local.d/redis.conf": redis, "local.d/neural.conf": "enabled = false;", "local.d/neural_group.conf": "symbols { }"}, 0},
		"no store":    {map[string]string{"local.d/neural.conf": "enabled = true;"}, 0},
		"disabled":    {map[string]string{"local.d/redis.conf": redis + "disabled_modules = [\"neural\"];", "local.d/neural.conf": "enabled = true;"}, 0},
	} {
		s, err := Read(load(t, tt.files), Base{})
		if err != nil {
			t.Fatal(err)
		}
		rules := 0
		if s.Daemon.Neural != nil {
			rules = len(s.Daemon.Neural.Rules)
		}
		if rules != tt.rules {
			t.Errorf("%s: %d rules, want %d", name, rules, tt.rules)
		}
	}
}

// A classifier whose shape the operator's files say is Rspamd's own; what they only
// say of what is learned, and stock files, leave the model to the program.
func TestClassifier(t *testing.T) {
	const redis = "servers = \"127.0.0.1\";"
	read := func(file, text string) *Setup {
		s, _, _ := setup(t, map[string]string{"local.d/redis.conf": redis, "local.d/" + file: text})
		return s
	}
	if s := read("classifier-bayes.conf", "autolearn = true; servers = \"10.0.0.2\"; expire = 8640000;"); s.Daemon.Classifier != nil || s.Daemon.Autolearn != "action" ||
		s.Daemon.Stores["bayes"] != "redis://10.0.0.2?rspamd=true" || !strings.Contains(said(s), "expire has no effect") || len(s.Warnings) != 1 {
		t.Errorf("%+v, %q, %s", s.Daemon.Classifier, s.Daemon.Stores, said(s))
	}
	s := read("classifier-bayes.conf", "backend = \"redis\"; min_learns = 50; min_tokens = 5; prefix = \"B\"; learn_condition = \"return true\"; new_schema = true;\n"+
		"tokenizer { name = \"osb\"; } statfile { symbol = \"BAYES_HAM\"; spam = false; } statfile { symbol = \"BAYES_SPAM\"; spam = true; }")
	if c := s.Daemon.Classifier; c == nil || c.MinLearns != 50 || c.MinTokens != 5 || c.Table != "B" || c.Classes != nil || !strings.Contains(said(s), "Lua is not run") {
		t.Errorf("%+v, %s", c, said(s))
	}
	s = read("classifier-bayes.conf", "statfile [ { class = \"spam\"; }, { class = \"ham\"; }, { class = \"news\"; } ]")
	if c := s.Daemon.Classifier; c == nil || !slices.Equal(c.Classes, []string{"spam", "ham", "news"}) {
		t.Errorf("%+v, %s", c, said(s))
	}
	if _, err := Read(load(t, map[string]string{"local.d/classifier-bayes.conf": "statfile { symbol = \"X\"; }"}), Base{}); err == nil || !strings.Contains(err.Error(), "needs a class") {
		t.Errorf("%v", err)
	}
}

// Every module of Rspamd 4.1.6 is read, or known and absent with a reason.
func TestModules(t *testing.T) {
	read := map[string]bool{}
	for _, table := range Sections() {
		read[table.Name] = true
	}
	for _, name := range append(others(), "reputation") {
		read[name] = true
	}
	for name := range strings.FieldsSeq("actions aliases antivirus arc asn aws_s3 bayes_expiry bimi chartable clickhouse composites contextal dcc dkim dkim_signing dmarc elastic emails " +
		"external_relay external_services force_actions forged_recipients fuzzy_check gpt greylist hfilter history_redis http_headers known_senders lang_detection logging maillist " +
		"metadata_exporter metric_exporter mid milter_headers mime_types multimap mx_check neural once_received options p0f phishing ratelimit rbl redis regexp replies reputation " +
		"rspamd_update settings spamassassin spamtrap spf surbl trie url_redirector url_suspect whitelist") {
		if _, absent := Absent()[name]; absent == read[name] {
			t.Errorf("%s is read: %t, and absent: %t", name, read[name], absent)
		}
	}
	for _, name := range stateful() {
		if !read[name] {
			t.Errorf("nothing reads %s, which is to have a server of its own", name)
		}
	}
}
