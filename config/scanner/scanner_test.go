package scanner

import (
	"fmt"
	"maps"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks/gtube"
	"github.com/winnowmail/winnow/checks/option"
	"github.com/winnowmail/winnow/checks/standard"
	"github.com/winnowmail/winnow/config"
	"github.com/winnowmail/winnow/config/stock"
	"github.com/winnowmail/winnow/config/ucl"
	"github.com/winnowmail/winnow/score"
	"github.com/winnowmail/winnow/symbols"
)

// load reads files of /etc/rspamd over the stock tree.
func load(t *testing.T, files map[string]string) *config.Tree {
	t.Helper()
	fs := fstest.MapFS{}
	for name, text := range files {
		fs["etc/rspamd/"+name] = &fstest.MapFile{Data: []byte(text)}
	}
	tree, err := config.Load(config.Options{Dir: "/etc/rspamd", Files: stock.Files{Dir: "/etc/rspamd", Files: ucl.FS(fs), Below: stock.Tree()}})
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// setup reads them, and makes a Scanner of what they say.
func setup(t *testing.T, files map[string]string) (*Setup, *winnow.Scanner, winnow.Layer) {
	t.Helper()
	s, err := Read(load(t, files), Base{})
	if err != nil {
		t.Fatal(err)
	}
	plain, err := winnow.New(winnow.Options{Families: standard.Families(s.Families)})
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close(t.Context())
	layer, err := s.Layer(NewVocabulary(plain.Metric(), standard.Families(s.Families)))
	if err != nil {
		t.Fatal(err)
	}
	o := s.Options
	o.Layer, o.Families, o.Settings = layer, standard.Families(s.Families), s.Rules.Settings
	scanner, err := winnow.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = scanner.Close(t.Context()) })
	return s, scanner, layer
}

// said are the warnings as one text.
func said(s *Setup) string {
	var lines []string
	for _, w := range s.Warnings {
		lines = append(lines, w.String())
	}
	return strings.Join(lines, "\n")
}

// weight is what a symbol counts.
func weight(t *testing.T, s *winnow.Scanner, name string) float64 {
	t.Helper()
	for _, d := range s.Metric().Defs() {
		if d.Name == name {
			return s.Metric().Weight(d)
		}
	}
	t.Fatalf("there is no symbol %s", name)
	return 0
}

func TestActions(t *testing.T) {
	s, _, layer := setup(t, map[string]string{
		"local.d/actions.conf":    "reject = 11; add_header = 6; greylist = null; subject = \"[spam] %s\"; unknown_weight = 1;",
		"override.d/actions.conf": "\"rewrite subject\" = 7.5;",
	})
	th := layer.Thresholds
	if th[actions.Reject] != 11 || th[actions.AddHeader] != 6 || th[actions.RewriteSubject] != 7.5 || !math.IsNaN(th[actions.Greylist]) || s.Subject != "[spam] %s" {
		t.Errorf("%v, subject %q", th, s.Subject)
	}
	if !strings.Contains(said(s), "local.d/actions.conf:1:70: actions: unknown_weight is that of symbols that settings raise") {
		t.Errorf("warnings: %s", said(s))
	}
}

func TestWeights(t *testing.T) {
	s, scanner, layer := setup(t, map[string]string{
		"local.d/policies_group.conf": `symbols { R_SPF_FAIL { weight = 9; } R_DKIM_NA { score = 2; weight = 1; one_shot = true; } R_SPF_ALLOW { weight = -0.5; groups = ["own"]; } }`,
		"local.d/headers_group.conf":  "max_score = 12; symbols { FORGED_SENDR { weight = 1; } }",
		"local.d/groups.conf":         "group \"own\" { max_score = 3; }",
	})
	for name, want := range map[string]float64{"R_SPF_FAIL": 9, "R_DKIM_NA": 2, "R_SPF_ALLOW": -0.5} {
		if got := weight(t, scanner, name); got != want {
			t.Errorf("%s counts %g, want %g", name, got, want)
		}
	}
	if layer.Groups["headers"].Max != 12 || layer.Groups["own"].Max != 3 || !slices.Contains(layer.Symbols["R_SPF_ALLOW"].Groups, "spf") {
		t.Errorf("groups %v, %v", layer.Groups, layer.Symbols["R_SPF_ALLOW"])
	}
	if !strings.Contains(said(s), `local.d/headers_group.conf:1:27: no check raises the symbol FORGED_SENDR; did you mean "FORGED_SENDER"?`) {
		t.Errorf("warnings: %s", said(s))
	}
}

// A section of override.d takes the place of the whole one: what it does not
// name has no weight any more.
func TestReplacedWeights(t *testing.T) {
	_, scanner, _ := setup(t, map[string]string{
		"local.d/policies_group.conf":    "symbols { R_SPF_FAIL { weight = 9; } R_DKIM_NA { weight = 2; } }",
		"override.d/policies_group.conf": "symbols { R_SPF_FAIL { weight = 5; } }",
	})
	if a, b := weight(t, scanner, "R_SPF_FAIL"), weight(t, scanner, "R_DKIM_NA"); a != 5 || b != 0 {
		t.Errorf("%g and %g", a, b)
	}
}

func TestComposites(t *testing.T) {
	s, scanner, layer := setup(t, map[string]string{"local.d/composites.conf": `
		AUTH_NA { score = 2.5; policy = "leave"; }
		SPOOF { expression = "(FORGED_SENDER | FROM_NEQ_ENVFROM) & !DKIM_TRACE"; score = 3.5; description = "looks forged"; }
		DKIM_MIXED { enabled = false; }
		LOST { expression = "R_SPF_FIAL & MISSING_TO"; score = 1; }`})
	if weight(t, scanner, "AUTH_NA") != 2.5 || weight(t, scanner, "SPOOF") != 3.5 {
		t.Error("composites do not count what they should")
	}
	if c := layer.Composites["AUTH_NA"]; c == nil || c.Policy != score.Leave || c.Expression != "" {
		t.Errorf("AUTH_NA is %+v", c)
	}
	if c, ok := layer.Composites["DKIM_MIXED"]; !ok || c != nil {
		t.Errorf("DKIM_MIXED is %+v", c)
	}
	if !strings.Contains(said(s), "local.d/composites.conf:5:10: the expression of LOST: nothing raises R_SPF_FIAL, which is never found; did you mean \"R_SPF_FAIL\"?") {
		t.Errorf("warnings: %s", said(s))
	}
}

func TestOptions(t *testing.T) {
	s, _, _ := setup(t, map[string]string{
		"local.d/options.inc": `task_timeout = 12s; soft_reject_on_timeout = true; gtube_patterns = "all"; max_urls = 10240; dns_max_requests = 64;
			local_addrs = "127.0.0.1/8, 10.0.0.0/8"; pidfile = false;
			map_watch_interval = 10min; map_file_watch_multiplier = 0.1; maps_cache_dir = "/var/cache/lists";
			dns { nameserver = ["127.0.0.53:53:10", "round-robin:192.0.2.1,[2001:db8::1]:5353"]; timeout = 2s; }`,
		"local.d/maillist.conf": "enabled = false;",
	})
	o := s.Options
	if o.Timeout != 12*time.Second || !o.DNS.SoftRejectOnTimeout || s.Families.GTUBE.Patterns != gtube.All || o.Limits.URLs != 0 || o.DNS.MaxQueries != 0 ||
		!slices.Equal(o.LocalNetworks, []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8")}) {
		t.Errorf("%+v", o)
	}
	if d := s.Daemon.DNS; !slices.Equal(d.Servers, []string{"127.0.0.53:53", "192.0.2.1", "[2001:db8::1]:5353"}) || d.Timeout != 2*time.Second {
		t.Errorf("%+v", d)
	}
	if m := s.Daemon.Maps; m != (Maps{10 * time.Minute, time.Minute, "/var/cache/lists"}) {
		t.Errorf("%+v", m)
	}
	if len(s.Warnings) > 0 || len(s.Idle) != 1 {
		t.Errorf("%s; %v", said(s), s.Idle)
	}
}

func TestDisabledModule(t *testing.T) {
	_, scanner, layer := setup(t, map[string]string{"local.d/maillist.conf": "enabled = false;", "override.d/hfilter.conf": "helo_enabled = false;"})
	if !slices.Contains(layer.Disable, "maillist") || !scanner.Metric().FamilyOff("maillist") {
		t.Errorf("%v", layer.Disable)
	}
}

func TestDaemon(t *testing.T) {
	s, _, _ := setup(t, map[string]string{
		"local.d/redis.conf":               "servers = \"127.0.0.1:6379\"; password = \"p@ss/word\"; db = \"3\";",
		"local.d/history_redis.conf":       "key_prefix = \"rs_history{{COMPRESS}}\"; nrows = 5k; subject_privacy = true;",
		"local.d/logging.inc":              "type = \"console\"; level = \"silent\";",
		"local.d/worker-controller.inc":    "bind_socket = \"*:11334\"; password = \"q1\"; secure_ip = [\"127.0.0.1\", \"2001:db8::/32\"]; trusted_ips = \"192.0.2.1\";",
		"override.d/worker-controller.inc": "enable_password = \"$1$ndquw7kjd7o3cmkgkpjrtpuhz74o51qs$wj6yzr1y86ojs68x57oya83ayrsi3cegty58ahkqyiy6emisqhrb\"; max_auth_failures = 3; auth_failure_window = 2min;",
		"override.d/worker-proxy.inc":      "milter = yes; client_ca_name = \"Example CA\"; bind_socket = [\"[::1]:11332\", \"/run/milter.sock mode=0666 owner=nobody\"]; discard_on_reject = true; count = 4;",
		"override.d/classifier-bayes.conf": "autolearn = [-5, 12];",
	})
	d := s.Daemon
	if d.State != "redis://:p%40ss%2Fword@127.0.0.1:6379/3?rspamd=true" || d.Controller != ":11334" || d.Autolearn != "-5,12" || !d.DiscardOnReject || d.ClientCA != "Example CA" ||
		!slices.Equal(d.Milter, []Socket{{Address: "[::1]:11332"}, {"unix:/run/milter.sock", "0666", "nobody"}}) {
		t.Errorf("%+v", d)
	}
	if d.History.Rows != 5000 || !d.History.Hash || d.History.HistoryKey("host") != "rs_history_zst" || (History{Key: "rs_history"}).HistoryKey("h") != "rs_historyh_zst" {
		t.Errorf("%+v", d.History)
	}
	if a := d.Access; a.Password != "q1" || !strings.HasPrefix(a.EnablePassword, "$1$ndq") || len(a.Trusted) != 2 || a.MaxFailures != 3 || a.Window != 2*time.Minute {
		t.Errorf("%+v", a)
	}
	if !strings.Contains(said(s), "worker-controller.inc:1:87: controller: trusted_ips has no effect") {
		t.Errorf("warnings: %s", said(s))
	}
}

func TestStore(t *testing.T) {
	with, _, _ := setup(t, map[string]string{"local.d/redis.conf": "servers = \"127.0.0.1:6379\";", "local.d/greylist.conf": "timeout = 4min;"})
	if g := with.Families.Greylist; g == nil || g.Timeout != 4*time.Minute {
		t.Errorf("%+v", g)
	}
	without, _, _ := setup(t, map[string]string{"local.d/greylist.conf": "timeout = 4min;"})
	if without.Families.Greylist != nil {
		t.Error("greylist is on without a store")
	}
	off, _, _ := setup(t, map[string]string{"local.d/redis.conf": "servers = \"127.0.0.1:6379\";", "override.d/greylist.conf": "enabled = false;"})
	if off.Families.Greylist != nil {
		t.Error("greylist is on though it is switched off")
	}
}

func TestRefused(t *testing.T) {
	for want, files := range map[string]map[string]string{
		"rspamd.local.lua: Lua is not run here":    {"rspamd.local.lua": "rspamd_config.X = {}"},
		"lua.local.d/x.lua":                        {"lua.local.d/x.lua": "-- nothing"},
		"local.d/greylist.conf:1:1: a time":        {"local.d/greylist.conf": "timeout = soon;"},
		"local.d/options.inc:1:1":                  {"local.d/options.inc": "gtube_patterns = \"some\";"},
		"worker-controller.inc:1:1: it is no hash": {"local.d/worker-controller.inc": "password = \"$2$abc\";"},
		"worker-controller.inc:1:1: bind_socket: \"localhost:99999\" is no HOST:PORT": {"local.d/worker-controller.inc": "bind_socket = \"localhost:99999\";"},
		"is none of mode, owner and group":                                            {"local.d/worker-proxy.inc": "bind_socket = \"/run/x.sock colour=red\";"},
		"ham, 12, is not below":                                                       {"local.d/classifier-bayes.conf": "autolearn = [12, -5];"},
		"forgotten before it may come again":                                          {"local.d/greylist.conf": "expire = 1min;", "local.d/redis.conf": "servers = \"localhost\";"},
	} {
		if _, err := Read(load(t, files), Base{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", files, err, want)
		}
	}
}

// TestAddresses: as in Rspamd the port may be left out.
func TestAddresses(t *testing.T) {
	for word, want := range map[string]string{
		"*:1": ":1", "*": ":7", "localhost": "localhost:7", "127.0.0.1:0": "127.0.0.1:0", "[::1]": "[::1]:7", "[::1]:9": "[::1]:9", "192.0.2.1:": "192.0.2.1:7",
		"/run/x": "unix:/run/x", "systemd:0": "systemd", "a:b": "", "a:70000": "", "a:-1": "",
	} {
		if got := address(word, "7"); got != want {
			t.Errorf("%s: %q, want %q", word, got, want)
		}
	}
	s, _, _ := setup(t, map[string]string{"override.d/worker-proxy.inc": "bind_socket = \"localhost\";"})
	if w := fmt.Sprint(s.Warnings); !strings.Contains(w, "worker-proxy.inc:1:1") || !strings.Contains(w, "without milter = yes") || len(s.Daemon.Milter) > 0 {
		t.Errorf("warnings %s, milter %v", w, s.Daemon.Milter)
	}
}

func TestUnknown(t *testing.T) {
	s, _, _ := setup(t, map[string]string{
		"local.d/greylist.conf":   "tiemout = 5min;",
		"rspamd.conf.local":       "gresylist { timeout = 5min; }",
		"local.d/clickhouse.conf": "server = \"localhost\";",
		"local.d/elastic.conf":    "enabled = false;",
	})
	for _, want := range []string{`greylist has no key tiemout; did you mean "timeout"?`, "clickhouse has no effect: results are exported"} {
		if !strings.Contains(said(s), want) {
			t.Errorf("%q is not among %s", want, said(s))
		}
	}
	if strings.Contains(said(s), "elastic") {
		t.Errorf("%s", said(s))
	}
}

func TestChanges(t *testing.T) {
	read := func(text string) *Setup {
		s, err := Read(load(t, map[string]string{"local.d/greylist.conf": text, "local.d/redis.conf": "password = \"" + text[:1] + "\";"}), Base{})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	got := strings.Join(read("timeout = 4min; ipv4_mask = 24;").Changes(read("expire = 2d; timeout = 5min;")), "\n")
	for _, want := range []string{
		"greylist.conf:1:1: greylist.timeout is 240, which was 300", "greylist.conf:1:17: greylist.ipv4_mask is new: 24", "greylist.expire is gone", "redis.password is (not shown)",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not among\n%s", want, got)
		}
	}
}

// Rules of settings and exports are handed on; what has no effect is warned of.
func TestRules(t *testing.T) {
	s, _, _ := setup(t, map[string]string{
		"local.d/settings.conf":          "friends { from = \"@example.org\"; apply { symbols { FRIEND = 2 } flags = [milter] } }\nold { external_map { map = \"http://192.0.2.1/\"; selector = \"ip\"; } }",
		"local.d/actions.conf":           "unknown_weight = 1;",
		"local.d/metadata_exporter.conf": "rules { ops { backend = \"http\"; url = \"http://192.0.2.1/\"; formatter = \"json\"; defer = true; } }",
		"local.d/force_actions.conf":     "rules { R { action = \"reject\"; expression = \"MISSING_MID\"; } }",
	})
	if d := s.Rules.Defs(nil); s.Rules.Len() != 1 || len(d) != 1 || d[0].Name != "FRIEND" || d[0].Weight != 1 {
		t.Errorf("%d rules, %v", s.Rules.Len(), d)
	}
	if r := s.Daemon.Exports.Rules; len(r) != 1 || r[0].Name != "ops" || r[0].URL != "http://192.0.2.1/" {
		t.Errorf("%+v", r)
	}
	if r := s.Families.ForceActions.Rules; len(r) != 1 || r[0].Action != actions.Reject {
		t.Errorf("%+v", r)
	}
	for _, want := range []string{"settings.conf:1", "settings.conf:2", "defer", "unknown_weight"} {
		if !slices.ContainsFunc(s.Warnings, func(w ucl.Warning) bool { return strings.Contains(w.String(), want) }) {
			t.Errorf("no warning about %s in %v", want, s.Warnings)
		}
	}
	if _, err := Read(load(t, map[string]string{"local.d/settings.conf": "r { ip = \"nowhere\"; apply {} }"}), Base{}); err == nil || !strings.Contains(err.Error(), "settings.conf:1:5") {
		t.Errorf("%v", err)
	}
}

// Names that nothing has are never found, and warned of once, where they stand.
func TestCompositesOfStrangers(t *testing.T) {
	s, _, layer := setup(t, map[string]string{"local.d/composites.conf": "A { expression = \"B & MISSING_MID\"; } B { expression = \"NOBODY_RAISES_IT\"; } C { expression = \"D\"; } D { expression = \"MISSING_MID | C\"; }"})
	if layer.Composites["A"] == nil || layer.Composites["B"] == nil || layer.Composites["C"] == nil || strings.Count(said(s), "never found") != 1 || !strings.Contains(said(s), "composites.conf:1:43: the expression of B: nothing raises NOBODY_RAISES_IT") {
		t.Errorf("%v, %v", layer.Composites, s.Warnings)
	}
}

// More composites stand in a list that is followed.
func TestDynamicComposites(t *testing.T) {
	name := filepath.Join(t.TempDir(), "composites")
	if err := os.WriteFile(name, []byte("# ours\nONE {\n expression = \"MISSING_MID & TWO\"; score = 2.5;\n}\nTWO { expression = \"MISSING_DATE\"; }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, scanner, layer := setup(t, map[string]string{"local.d/composites.conf": "dynamic = \"" + name + "\"; STATIC { expression = \"ONE\"; score = 1; }"})
	if c := layer.Composites["ONE"]; c == nil || c.Def.Weight != 2.5 || layer.Composites["STATIC"] == nil || len(s.Followed) != 1 {
		t.Errorf("%+v, %d lists", layer.Composites, len(s.Followed))
	}
	if known, _, _ := scanner.Knows("TWO"); !known {
		t.Error("TWO is unknown")
	}
	stale := s.Stale()
	if err := os.WriteFile(name, []byte("ONE { expression = \"MISSING_MID\"; }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Followed[0].Load(t.Context()); err != nil || stale || !s.Stale() {
		t.Errorf("a changed list is not seen: %v, %v", err, stale)
	}
	s, _, _ = setup(t, map[string]string{"local.d/composites.conf": "dynamic = \"" + name + ".not\";"})
	if len(s.Followed) != 1 || !slices.ContainsFunc(s.Warnings, func(w ucl.Warning) bool { return strings.Contains(w.String(), "dynamic") }) {
		t.Errorf("%v", s.Warnings)
	}
}

// A bound table belongs to what it changes; done, if there is one, puts together what
// the table read.
type bound struct {
	table *option.Section
	state any
	done  func()
}

// bounds are the tables of this package, each made anew.
func bounds() map[string]func() bound {
	of := func(table func(*Setup) *option.Section) func() bound {
		return func() bound {
			s := new(Setup)
			return bound{table: table(s), state: s}
		}
	}
	return map[string]func() bound{
		"options": of((*Setup).options), "logging": of((*Setup).logging), "history_redis": of((*Setup).history), "neural": of((*Setup).neural),
		"bayes": of(func(s *Setup) *option.Section { return s.withServer(s.bayes()) }), "controller": of((*Setup).controller), "normal": of((*Setup).normal),
		"rspamd_proxy": of((*Setup).proxy),
		"redis": func() bound {
			s, r := new(Setup), new(redisServer)
			return bound{table: r.table(s.forModule), state: []any{s, r}}
		},
		"greylist": of(func(s *Setup) *option.Section {
			return s.withServer(&option.Section{Name: "greylist", Doc: "has no keys"})
		}),
		"group": func() bound {
			g := new(score.Group)
			return bound{table: groupTable(g), state: g}
		},
		"symbol": func() bound {
			c := new(winnow.SymbolChange)
			table, finish := symbolTable("A", c)
			return bound{table, c, func() { finish("", nil) }}
		},
		"composites": func() bound {
			c := &score.Composite{Def: new(symbols.Def)}
			return bound{table: compositeTable(c), state: c}
		},
	}
}

// read applies what a section says to a new table.
func (one bounded) read(t *testing.T, says map[string]any) any {
	t.Helper()
	b := one()
	if err := b.table.Apply(option.Of(says), func(err error) { t.Error(err) }); err != nil {
		t.Errorf("%s: %v: %v", b.table.Name, says, err)
	}
	if b.done != nil {
		b.done()
	}
	return b.state
}

type bounded func() bound

// TestTables holds the tables of this package against what they are bound to: each
// key that they know changes something, or is told of as one that does not.
func TestTables(t *testing.T) {
	elsewhere := []string{"group.symbols", "group.disabled"} // read by who applies the table
	beside := map[string]map[string]any{                     // what must be there for anything to count
		"rspamd_proxy": {"milter": true, "bind_socket": "127.0.0.1:1"}, "controller": {"bind_socket": "127.0.0.1:1"},
	}
	for name, b := range bounds() {
		if err := b().table.Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var walk func(s *option.Section, path string, wrap func(map[string]any) map[string]any)
		walk = func(s *option.Section, path string, wrap func(map[string]any) map[string]any) {
			before := bounded(b).read(t, wrap(beside[path]))
			if !reflect.DeepEqual(before, bounded(b).read(t, wrap(beside[path]))) {
				t.Errorf("%s: what it reads can't be compared", path)
			}
			for _, k := range s.Keys {
				at := path + "." + k.Name()
				switch {
				case k.Absent != "" || slices.Contains(elsewhere, at):
				case k.Sample() != nil:
					says := maps.Clone(beside[path])
					if says == nil {
						says = map[string]any{}
					}
					says[k.Name()] = k.Sample()
					if at == "rspamd_proxy.milter" {
						says[k.Name()] = false
					}
					if reflect.DeepEqual(before, bounded(b).read(t, wrap(says))) {
						t.Errorf("%s = %v has no effect", at, says[k.Name()])
					}
				case len(k.Sections) == 0:
					t.Errorf("%s: no value is known that has an effect", at)
				default:
					for _, below := range k.Sections {
						walk(below, at, func(v map[string]any) map[string]any { return wrap(k.Around(v)) })
					}
				}
			}
		}
		walk(b().table, name, func(v map[string]any) map[string]any { return v })
	}
}
