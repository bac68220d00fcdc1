package config_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/winnowmail/winnow/config"
	"github.com/winnowmail/winnow/config/ucl"
)

// stock is a small tree with the include lines of Rspamd's.
func stock(extra map[string]string) config.Options {
	layers := func(name string) string {
		return `
	.include(try=true,priority=5) "${DBDIR}/dynamic/` + name + `"
	.include(try=true,priority=1,duplicate=merge) "$LOCAL_CONFDIR/local.d/` + name + `"
	.include(try=true,priority=10) "$LOCAL_CONFDIR/override.d/` + name + `"
`
	}
	files := fstest.MapFS{
		"etc/rspamd/rspamd.conf": {Data: []byte(`
options { dns { timeout = 1s; sockets = 16 } ` + layers("options.inc") + `}
actions { reject = 15; add_header = 6; greylist = 4; ` + layers("actions.conf") + `}
group "headers" { symbols { "A_SYMBOL" { weight = 1; description = "a" } "B_SYMBOL" { weight = 2 } } ` + layers("headers_group.conf") + `}
group "rbl" { symbols { "RBL_ONE" { weight = 3 } } ` + layers("rbl_group.conf") + `}
.include(try=true; priority=1; duplicate=merge) "$LOCAL_CONFDIR/local.d/groups.conf"
.include(try=true; priority=10) "$LOCAL_CONFDIR/override.d/groups.conf"
.include(glob=true) "$CONFDIR/modules.d/*.conf"
`)},
		"etc/rspamd/modules.d/greylist.conf": {Data: []byte("greylist { expire = 1d; timeout = 5min; " + layers("greylist.conf") + "}")},
		"etc/rspamd/modules.d/redis.conf":    {Data: []byte("redis { " + layers("redis.conf") + "}")},
		"etc/rspamd/modules.d/surbl.conf": {Data: []byte(`surbl { whitelist = "/list"; rules {
			"URIBL" { suffix = "multi.example.org"; bits { BLACK = 2; } noip = true; check_dkim = true; check_emails = true; }
		} ` + layers("surbl.conf") + `}`)},
		"etc/rspamd/modules.d/emails.conf": {Data: []byte(`emails { rules { "MAILBL" { dnsbl = "ebl.example.org"; check_replyto = true; hashlen = 32; expect_ip = "127.0.0.2"; } } }`)},
	}
	for name, text := range extra {
		files[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return config.Options{Files: ucl.FS(files), Vars: map[string]string{"DBDIR": "/db"}}
}

func load(t *testing.T, extra map[string]string) *config.Tree {
	t.Helper()
	tree, err := config.Load(stock(extra))
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// flat is a section as JSON without white space.
func flat(t *testing.T, tree *config.Tree, path ...string) string {
	t.Helper()
	var b bytes.Buffer
	if err := ucl.WriteJSON(&b, tree.Root.Get(path...)); err != nil {
		t.Fatal(err)
	}
	return strings.Join(strings.Fields(b.String()), "")
}

func TestLayers(t *testing.T) {
	tree := load(t, map[string]string{
		"db/dynamic/greylist.conf":            "timeout = 3min;",
		"etc/rspamd/local.d/greylist.conf":    "timeout = 2min; expire = 2d; own = 1;",
		"etc/rspamd/override.d/greylist.conf": "expire = 3d;",
		"etc/rspamd/local.d/groups.conf":      `group "own" { symbols { "OWN" { weight = 4 } } } group "rbl" { max_score = 9 }`,
	})
	for _, c := range []struct{ path, want string }{
		{"greylist", `{"expire":259200,"timeout":180,"own":1}`},
		{"group headers symbols", `{"A_SYMBOL":{"weight":1,"description":"a"},"B_SYMBOL":{"weight":2}}`},
		{"group own", `{"symbols":{"OWN":{"weight":4}}}`},
		{"group rbl", `{"symbols":{"RBL_ONE":{"weight":3}},"max_score":9}`},
		{"rbl rbls URIBL", `{"ignore_defaults":true,"whitelist":"/list","urls":true,"rbl":"multi.example.org","returnbits":{"BLACK":2},"no_ip":true,` +
			`"dkim_domainonly":false,"dkim_match_from":true,"dkim":true,"emails_domainonly":true,"emails":true}`},
		{"rbl rbls MAILBL", `{"ignore_defaults":true,"emails":true,"rbl":"ebl.example.org","replyto":true,"hash_len":32,"returncodes":{"MAILBL":["127.0.0.2"]}}`},
		{"surbl", `{}`},
	} {
		if got := flat(t, tree, strings.Fields(c.path)...); got != c.want {
			t.Errorf("%s is %s, want %s", c.path, got, c.want)
		}
	}
	v := tree.Root.Get("greylist", "expire")
	if v.Pos().String() != "/etc/rspamd/override.d/greylist.conf:1:1" || len(v.Over) != 2 || v.Over[1].Pos().File != "/etc/rspamd/local.d/greylist.conf" {
		t.Errorf("expire is from %s, over %d others", v.Pos(), len(v.Over))
	}
	if len(tree.Warnings) != 0 {
		t.Errorf("warnings: %q", tree.Warnings)
	}
}

func TestRewrite(t *testing.T) {
	tree := load(t, map[string]string{
		"etc/rspamd/local.d/actions.conf": "greylist = null; rewrite_subject = 8; frobnicate = 1;",
		"etc/rspamd/modules.d/x.conf": `metric { name = "default"; actions { reject = 20 } group "old" { symbol "OLD" { weight = 1 } } symbol "B_SYMBOL" { weight = 7 } }
			symbols { "NEW_ONE" { weight = 5 } }
			dkim_signing { sign_headers = ["from", "to"]; auth_only = false } neural { } `,
	})
	for _, c := range []struct{ path, want string }{
		{"actions", `{"reject":20,"add_header":6,"rewrite_subject":8,"frobnicate":1}`},
		{"group old", `{"symbols":{"OLD":{"weight":1}}}`},
		{"group headers symbols B_SYMBOL", `{"weight":7}`},
		{"group ungrouped", `{"symbols":{"NEW_ONE":{"weight":5}}}`},
		{"dkim", `{"sign_headers":"from:to"}`},
		{"dkim_signing sign_authenticated", "false"},
		{"options check_all_filters", "true"},
	} {
		if got := flat(t, tree, strings.Fields(c.path)...); got != c.want {
			t.Errorf("%s is %s, want %s", c.path, got, c.want)
		}
	}
}

func TestWarnings(t *testing.T) {
	for name, c := range map[string]struct{ file, text, want string }{
		"unknown action":   {"local.d/actions.conf", "rejekt = 3;", `local.d/actions.conf:1:1: actions has the unknown key rejekt; did you mean "reject"?`},
		"no threshold":     {"local.d/actions.conf", "reject = lots;", "local.d/actions.conf:1:1: the threshold of reject is no number: the action is taken away"},
		"order":            {"override.d/actions.conf", "\nadd_header = 20;", "that of add_header (20, from /etc/rspamd/override.d/actions.conf:2:1)"},
		"whole section":    {"override.d/options.inc", "dns { timeout = 2s }", "override.d/options.inc:1:1: options.dns takes the place of the whole section of that name: sockets are gone"},
		"all groups":       {"override.d/groups.conf", `group "own" { symbols { } }`, "override.d/groups.conf:1:1: group takes the place of the whole section of that name: headers, rbl are gone"},
		"whole symbols":    {"override.d/headers_group.conf", `symbols { "A_SYMBOL" { weight = 5 } }`, "B_SYMBOL are gone"},
		"wrapped":          {"local.d/greylist.conf", "greylist { timeout = 1 }", "local.d/greylist.conf:1:1: the section greylist lies within another greylist"},
		"score and weight": {"local.d/headers_group.conf", `symbols { "A_SYMBOL" { score = 6 } }`, "the symbol A_SYMBOL has a score and a weight"},
	} {
		tree := load(t, map[string]string{"etc/rspamd/" + c.file: c.text})
		if len(tree.Warnings) == 0 || !strings.Contains(tree.Warnings[0].String(), c.want) {
			t.Errorf("%s: got %q, want %s", name, tree.Warnings, c.want)
		}
	}
}

func TestRefuse(t *testing.T) {
	for name, c := range map[string]struct{ file, text, want string }{
		"brace":           {"override.d/actions.conf", "reject = 5;\n}", "/etc/rspamd/override.d/actions.conf:2:1: } closes nothing"},
		"wrapped actions": {"local.d/actions.conf", "actions { reject = 5 }", "/etc/rspamd/local.d/actions.conf:1:1: actions is no action"},
		"null weight":     {"local.d/headers_group.conf", "symbols {\n \"A_SYMBOL\" { weight = null } }", "/etc/rspamd/local.d/headers_group.conf:2:15: the weight of the symbol A_SYMBOL must be a number"},
		"null symbol":     {"override.d/headers_group.conf", "symbols { \"A_SYMBOL\" = null; }", "/etc/rspamd/override.d/headers_group.conf:1:11: the symbol A_SYMBOL can't be of type null"},
		"null composite":  {"modules.d/c.conf", "composites { C = null; }", "/etc/rspamd/modules.d/c.conf:1:14: the composite C can't be null"},
		"no section":      {"modules.d/g.conf", "surbl = 5;", "a section is needed"},
	} {
		_, err := config.Load(stock(map[string]string{"etc/rspamd/" + c.file: c.text}))
		var e *ucl.Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
}

func TestModules(t *testing.T) {
	names := func(host string) bool { return host == "redis.example.org" }
	for name, c := range map[string]struct {
		files map[string]string
		want  string
	}{
		"no redis": {nil, "disabled (no Redis): greylist"},
		"address":  {map[string]string{"local.d/redis.conf": `servers = "192.0.2.1:6379"`}, "disabled (no Redis): \n"},
		"name":     {map[string]string{"local.d/redis.conf": `servers = "master-slave:redis.example.org:6379,other"`}, "disabled (no Redis): \n"},
		"no name":  {map[string]string{"local.d/redis.conf": `servers = "gone.example.org:6379"`}, "disabled (no Redis): greylist"},
		"own":      {map[string]string{"local.d/greylist.conf": `servers = "/run/redis.sock"`}, "disabled (no Redis): history_redis"},
		"named":    {map[string]string{"local.d/redis.conf": `servers = "192.0.2.1"; disabled_modules = ["greylist"]`}, "disabled (no Redis): greylist\n"},
		"off":      {map[string]string{"override.d/greylist.conf": "enabled = false"}, "disabled (explicitly): greylist\n"},
		"scanner":  {map[string]string{"modules.d/a.conf": `antivirus { x { servers = "192.0.2.1" } }`}, "enabled: antivirus, arc"},
	} {
		files := map[string]string{}
		for file, text := range c.files {
			files["etc/rspamd/"+file] = text
		}
		if got := load(t, files).Modules(names).String(); !strings.Contains(got, c.want) {
			t.Errorf("%s: got\n%swant %s", name, got, c.want)
		}
	}
}
