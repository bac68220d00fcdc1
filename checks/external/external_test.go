package external

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"maps"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/checktest"
	"github.com/winnowmail/winnow/checks/relay"
)

// A conn is a server that answers once it is asked: what it says is a function
// of what was sent.
type conn struct {
	net.Conn
	sent   bytes.Buffer
	answer func(sent string) (string, error)
	reply  io.Reader
}

func (c *conn) Write(p []byte) (int, error) { return c.sent.Write(p) }
func (c *conn) Close() error                { return nil }
func (c *conn) SetDeadline(time.Time) error { return nil }
func (c *conn) Read(p []byte) (n int, err error) {
	if c.reply == nil {
		text, err := c.answer(c.sent.String())
		if err != nil {
			return 0, err
		}
		c.reply = strings.NewReader(text)
	}
	return c.reply.Read(p)
}

// scripted are servers that say what the message's X-Says tells each:
// "spamd=spam dcc=bulk"; nothing is a clean answer.
func scripted(_ context.Context, _, address string) (net.Conn, error) {
	host, _, _ := net.SplitHostPort(address)
	return &conn{answer: func(sent string) (string, error) {
		word := "clean"
		if host == "p0f" { // it is told of an address only
			word = map[string]string{"192.0.2.80": "spam", "192.0.2.81": "down"}[netip.AddrFrom4([4]byte([]byte(sent)[5:9])).String()]
		}
		for _, w := range strings.Fields(sent) {
			if name, says, ok := strings.Cut(w, "="); ok && name == host {
				word = says
			}
		}
		if word == "silent" {
			return "", os.ErrDeadlineExceeded
		}
		text, ok := replies()[host][word]
		if !ok {
			return "", errors.New("reset by peer")
		}
		return text, nil
	}}, nil
}

func replies() map[string]map[string]string {
	return map[string]map[string]string{
		"spamd": {
			"clean": "SPAMD/1.1 0 EX_OK\r\nContent-length: 0\r\nSpam: False ; -0.5 / 5.0\r\n\r\n",
			"spam":  "SPAMD/1.1 0 EX_OK\r\nContent-length: 12\r\nSpam: True ; 7.5 / 5.0\r\n\r\nGTUBE,NO_RELAYS",
			"busy":  "SPAMD/1.1 75 EX_TEMPFAIL\r\n\r\n",
		},
		"rspamd": {
			"clean": "HTTP/1.1 200 OK\r\n\r\n" + `{"score":0.0,"action":"no action","symbols":{}}`,
			"spam":  "HTTP/1.1 200 OK\r\n\r\n" + `{"score":9.5,"action":"add header","symbols":{"B":{"score":-1},"A":{"score":7},"Z":{"score":0},"C":{"score":1}}}`,
			"deny":  "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
		},
		"dcc": {
			"clean": "A\nA\nX-DCC-a-Metrics: mx.example.org 1; Body=1 Fuz1=2 Fuz2=999998\n",
			"spam":  "R\nR\nX-DCC-a-Metrics: mx.example.org 1; bulk Body=many\n",
			"bulk":  "A\nA\nX-DCC-a-Metrics: mx.example.org 1; Body=many Fuz1=many Fuz2=3 rep=90%\n",
			"later": "T\nT\nX-DCC-a-Metrics: mx.example.org; \n",
		},
		"pyzor": {
			"clean": "public.pyzor.example:24441\t(200, 'OK')\t0\t0\n",
			"spam":  "public.pyzor.example:24441\t(200, 'OK')\t17\t1\n",
			"down":  "public.pyzor.example:24441\t(TimeoutError, 'x')\t\n",
		},
		"razor": {"clean": "ham", "spam": "spam", "odd": "eggs"},
		"icap": {
			"clean": "ICAP/1.0 204 No Content\r\n\r\n",
			"spam":  "ICAP/1.0 200 OK\r\nX-Infection-Found: Type=0; Resolution=2; Threat=Eicar-Test;\r\nEncapsulated: null-body=0\r\n\r\n",
			"down":  "ICAP/1.0 500 Server error\r\n\r\n",
		},
		"p0f": {
			"":     system(0x20, "", "", ""),
			"spam": system(0x10, "Windows", "7 or 8", "DSL"),
			"down": system(0, "", "", ""),
		},
		"olefy": {
			"clean": `[{"script_name":"olevba"},{"macros":null,"analysis":null},{"return_code":0,"type":"MetaInformation"}]`,
			"spam": `[{"script_name":"olevba"},{"macros":[{"code":"x"}],"analysis":[{"type":"AutoExec","keyword":"AutoOpen"},` +
				`{"type":"Suspicious","keyword":"Shell"},{"type":"Suspicious","keyword":"Hex Strings"}]},{"return_code":0}]`,
			"down": `[{"error":"no such thing"}]`,
		},
	}
}

// system is what p0f says of a client.
func system(status uint32, name, flavor, link string) string {
	b := make([]byte, 232)
	binary.NativeEndian.PutUint32(b, 0x50304602)
	binary.NativeEndian.PutUint32(b[4:], status)
	binary.NativeEndian.PutUint16(b[36:], 5)
	copy(b[40:], name)
	copy(b[72:], flavor)
	copy(b[168:], link)
	return string(b)
}

func rules() []Rule {
	return []Rule{
		{Type: SpamAssassin, Servers: []string{"spamd:783"}},
		{Type: Rspamd, Servers: []string{"rspamd:11333"}},
		{Type: DCC, Servers: []string{"dcc:10045"}},
		{Type: Pyzor, Servers: []string{"pyzor:5953"}},
		{Type: Razor, Servers: []string{"razor:11342"}},
		{Type: ICAP, Servers: []string{"icap:1344"}},
		{Type: Oletools, Servers: []string{"olefy:10050"}},
		{Type: P0F, Servers: []string{"p0f:1"}, Patterns: []Pattern{{"P0F_DSL", "^DSL$"}}},
	}
}

// facts lets fixtures say that mail was relayed.
func facts() *checks.Check {
	return &checks.Check{
		Name: "facts", Doc: "provides the fact", Stage: checks.Early, Provides: []checks.AnyFact{relay.Fact},
		Run: func(context.Context, *checks.Task) error { return nil },
	}
}

func TestFixtures(t *testing.T) {
	checktest.Run(t, New(Options{Rules: rules(), Dial: scripted}), checktest.With(facts()))
}

func TestReplies(t *testing.T) {
	dcc := func(b []byte) (answer, error) { return readDCC(b, &Rule{}) }
	olefy := func(b []byte) (answer, error) { return readOlefy(b, false) }
	extended := func(b []byte) (answer, error) { return readOlefy(b, true) }
	for _, c := range []struct {
		read    func([]byte) (answer, error)
		reply   string
		found   bool
		factor  float64
		options string
		err     string
	}{
		{readSpamd, "", false, 0, "", `""`},
		{readSpamd, "SPAMD/1.1 0 EX_OK\r\nSpam: True ; NaN / 5.0\r\n\r\n", false, 0, "", `"Spam: True ; NaN / 5.0"`},
		{readSpamd, "SPAMD/1.1 0 EX_OK\r\nspam: False ; -3 / 5.0\r\n\r\nALL_TRUSTED", true, -3, "ALL_TRUSTED", ""},
		{readSpamd, "SPAMD/1.1 0 EX_OK\r\n\r\n", false, 0, "", "no line Spam in the reply"},
		{readRspamd, "{}", false, 0, "", "no verdict in the reply"},
		{readRspamd, `{"score":1e300,"action":"reject"}`, true, 1e6, "reject", ""},
		{dcc, "A\nA", false, 0, "", "the reply has 2 lines"},
		{dcc, "A\nA\nX-DCC: h; Body=many Fuz1=999999 Fuz2=many rep=nine\n", false, 1, "body=many fuz1=999999 fuz2=many", ""},
		{dcc, "A\nA\nX-DCC: h; Body=many" + strings.Repeat(" body=many Body=999999", 1000) + "\n", false, 1. / 3, "body=many", ""},
		{dcc, "A\nA\nX-DCC: h; Body=many rep=0%\n", false, 0, "body=many", ""},
		{dcc, "X\nA\nX-DCC: h; \n", false, 0, "", `result "X"`},
		{dcc, "G\nG\nX-DCC: h; Body=many\n", false, 0, "", ""},
		{readPyzor, "s\t(200, 'OK')\t5\t5\n", false, 0, "", ""},
		{readPyzor, "s\t(200, 'OK')\t-5\t5\n", false, 0, "", `"s\t(200, 'OK')\t-5\t5"`},
		{readPyzor, "s\t(200, 'OK')\t3\t1\nmore", true, .5, "bl_3_wl_1", ""},
		{olefy, `[{"error":"File too small"}]`, false, 0, "", ""},
		{olefy, `[{},{},{"return_code":9}]`, false, 0, "", ""},
		{olefy, `[{},{},{"return_code":5}]`, false, 0, "", "olevba ended with 5"},
		{olefy, `[{},{}]`, false, 0, "", "no report in the reply"},
		{olefy, `[{},{"macros":[1],"analysis":[{"type":"AutoExec","keyword":"x"}]},{"return_code":0}]`, false, 0, "", ""},
		{extended, `[{},{"macros":[1],"analysis":[{"type":"AutoExec","keyword":"x"},{"type":"IOC","keyword":"u"},{"type":"VBA string","keyword":"v"}]},{"return_code":0}]`, true, 1, "MA-I---V x", ""},
		{extended, `[{},{"macros":[1],"analysis":[{"type":"Suspicious","keyword":"Hex Strings"},{"type":"Hex Strings","keyword":"u"}]},{"return_code":0}]`, false, 0, "", ""},
		{extended, `[{},{"macros":[],"analysis":[{"type":"AutoExec","keyword":"x"}]},{"return_code":0}]`, false, 0, "", ""},
		{readP0F, system(0x10, "Linux", "3.x", ""), true, 1, "Linux 3.x distance:5", ""},
		{readP0F, system(0x10, "", "", "a\x80b'c"), true, 1, "unknown abc distance:5", ""},
		{readP0F, system(0x20, "", "", ""), false, 0, "", ""},
		{readP0F, system(3, "", "", ""), false, 0, "", "status 0x3"},
		{readP0F, system(3, "", "", "")[1:], false, 0, "", "no reply of p0f"},
		{readP0F, strings.Repeat("x", 232), false, 0, "", "no reply of p0f"},
	} {
		a, err := c.read([]byte(c.reply))
		if a.Found != c.found || a.Factor != c.factor || strings.Join(a.Options, " ") != c.options || (err == nil) != (c.err == "") || err != nil && err.Error() != c.err {
			t.Errorf("%q: %+v, %v", c.reply, a, err)
		}
	}
}

func TestICAPReplies(t *testing.T) {
	for reply, want := range map[string]string{
		"ICAP/1.0 200 OK\r\nX-Virus-ID: Troj/X\r\n\r\n":                             "Troj/X",
		"ICAP/1.0 200 OK\r\nX-Infection-Found: Type=2; Threat=Encrypted\r\n\r\n":    "Encrypted",
		"ICAP/1.0 200 OK\r\nX-Infection-Found: yes\r\n\r\n":                         "unknown",
		"ICAP/1.0 200 OK\r\nX-Violations-Found: 1\r\n\r\n":                          "policy violation",
		"ICAP/1.0 200 OK\r\nX-Violations-Found: 0\r\nISTag: \"x\"\r\n\r\nHTTP/1.1 ": "",
		"ICAP/1.0 200 OK\r\nISTag: \"x\"\r\nX-Infec":                                "error",
		"ICAP/1.0 200 OK\r\nISTag: \"x\"\r\nno field\r\nX-Virus-ID: y\r\n\r\n":      "error",
		"ICAP/1.0 200 OK\r\nX-Virus-ID: Troj/X\r\nno fie":                           "Troj/X",
		"ICAP/1.0 204 Unmodified\r\n\r\n":                                           "",
		"ICAP/1.0 404 Service not found\r\n\r\n":                                    "error",
		"HTTP/1.1 200 OK\r\n\r\n":                                                   "error",
		"":                                                                          "error",
	} {
		c := &conn{answer: func(string) (string, error) { return reply, nil }}
		a, err := askICAP(&Rule{}, &question{data: []byte("x"), server: "h"})(c)
		got := strings.Join(a.Options, " ")
		if err != nil {
			got = "error"
		}
		if got != want {
			t.Errorf("%q: %+v, %v", reply, a, err)
		}
	}
}

// What the scanners are sent, to the byte.
func TestRequests(t *testing.T) {
	sent := map[string]string{}
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := scripted(ctx, network, address)
		inner := c.(*conn).answer
		c.(*conn).answer = func(s string) (string, error) { sent[address] = s; return inner(s) }
		return c, err
	}
	state := stateOf("From: a@example.org\r\nX: \r\nContent-Type: application/msword\r\n\r\nabc\r\n")
	for _, c := range New(Options{Rules: rules(), Dial: dial}).Checks {
		if _, err := state.Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	raw := string(state.Message.Raw())
	for address, want := range map[string]string{
		"spamd:783":   "SYMBOLS SPAMC/1.5\r\nContent-length: 67\r\n\r\n" + raw,
		"dcc:10045":   "header\n192.0.2.7\rmail.example.net\nhelo.example.net\na@example.org\nb@example.com\nc@example.com\n\n" + raw,
		"pyzor:5953":  raw,
		"razor:11342": raw,
		"icap:1344": "RESPMOD icap://localhost/scan ICAP/1.0\r\nHost: localhost\r\nUser-Agent: winnow\r\nAllow: 204\r\nConnection: close\r\n" +
			"Encapsulated: res-hdr=0, res-body=59\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n\r\n5\r\nabc\r\n\r\n0\r\n\r\n",
	} {
		if sent[address] != want {
			t.Errorf("%s was sent\n%q, want\n%q", address, sent[address], want)
		}
	}
	for _, want := range []string{"POST /checkv2 HTTP/1.1\r\n", "\r\nIp: 192.0.2.7\r\n", "\r\nHelo: helo.example.net\r\n", "\r\nRcpt: b@example.com\r\nRcpt: c@example.com\r\n", raw} {
		if !strings.Contains(sent["rspamd:11333"], want) {
			t.Errorf("rspamd was sent %q, without %q", sent["rspamd:11333"], want)
		}
	}
	want := binary.NativeEndian.AppendUint32(nil, 0x50304601)
	if want = append(want, 4, 192, 0, 2, 7); sent["p0f:1"] != string(append(want, make([]byte, 12)...)) {
		t.Errorf("p0f was sent %q", sent["p0f:1"])
	}
	if !strings.HasPrefix(sent["olefy:10050"], "OLEFY/1.0\nMethod: oletools\nRspamd-ID: ") || !strings.HasSuffix(sent["olefy:10050"], "\n\nabc\r\n") {
		t.Errorf("olefy was sent %q", sent["olefy:10050"])
	}
	if len(sent) != len(kinds()) {
		t.Errorf("%d scanners were asked: %q", len(sent), slices.Sorted(maps.Keys(sent)))
	}
}

func TestTooLarge(t *testing.T) {
	asked := 0
	dial := func(context.Context, string, string) (net.Conn, error) { asked++; return nil, errors.New("no") }
	list := rules()
	for i := range list {
		list[i].MaxSize = 4
	}
	state := stateOf("Content-Type: application/msword\r\n\r\nabcdef\r\n")
	for i, c := range New(Options{Rules: list, Dial: dial}).Checks {
		if list[i].Type == P0F {
			continue // it is about the client
		}
		if out, err := state.Run(t.Context(), c); err != nil || len(out.Hits) > 0 || len(out.Notes) != 1 {
			t.Errorf("%v, %v, %v", out.Hits, out.Notes, err)
		}
	}
	if asked > 0 {
		t.Errorf("asked %d times", asked)
	}
}

// TestBounded has scanners say more than a symbol tells, and what would break a line.
func TestBounded(t *testing.T) {
	a := answer{Found: true, Factor: 1e9, Options: append([]string{"a\r\nb\x00\xff\u0085é", strings.Repeat("x", 4000)}, strings.Split(strings.Repeat("N,", 500_000), ",")...)}.bounded()
	if a.Factor != longestScore || len(a.Options) != maxOptions || a.Options[0] != "a??b???é" || a.Options[1] != strings.Repeat("x", maxOption)+"..." {
		t.Errorf("%v, %d options, %.20q, %d bytes", a.Factor, len(a.Options), a.Options[0], len(a.Options[1]))
	}
	if a := (answer{}).bounded(); a.Options != nil {
		t.Errorf("%+v", a)
	}
	c := &conn{answer: func(string) (string, error) {
		return "SPAMD/1.1 0 EX_OK\r\nSpam: True ; 7 / 5\r\n\r\n" + strings.Repeat("A,", 400_000), nil
	}}
	list := []Rule{{Type: SpamAssassin, Servers: []string{"127.0.0.1:783"}, Local: true}}
	dial := func(context.Context, string, string) (net.Conn, error) { return c, nil }
	out, err := stateOf("Subject: x\r\n\r\nx").Run(t.Context(), New(Options{Rules: list, Dial: dial}).Checks[0])
	if err != nil || len(out.Hits) != 1 || len(out.Hits[0].Options) != maxOptions {
		t.Errorf("%d hits, %v", len(out.Hits), err)
	}
}

func TestLongReply(t *testing.T) {
	c := &conn{answer: func(string) (string, error) { return strings.Repeat("x", maxReply+1), nil }}
	if _, err := exchange(c, nil); err == nil || err.Error() != "the reply is too long" {
		t.Errorf("%v", err)
	}
}

func TestValidate(t *testing.T) {
	one := []string{"127.0.0.1:1"}
	for want, r := range map[string]Rule{
		`Rules[0].Type: no scanner "clamd"`:                                         {Type: "clamd", Servers: one},
		`Rules[0].Servers: missing`:                                                 {Type: Razor},
		`Rules[0].Servers[1]: "here" is no address: want host:port or unix:/path`:   {Type: Razor, Servers: []string{"h:1", "here"}},
		`Rules[0].Symbol: "A B" is no name of a symbol`:                             {Type: Razor, Symbol: "A B", Servers: one},
		`Rules[0].Timeout: -1ns is negative`:                                        {Type: Razor, Timeout: -1, Servers: one},
		`Rules[0].Tries: 11 is not between 0 and 10`:                                {Type: Razor, Tries: 11, Servers: one},
		`Rules[0].MaxSize: -1 is not between 0 and 1073741824`:                      {Type: Razor, MaxSize: -1, Servers: one},
		`Rules[0].Service: only ICAP has services`:                                  {Type: Razor, Service: "x", Servers: one},
		`Rules[0].Service: "a b" is no path`:                                        {Type: ICAP, Service: "a b", Servers: one},
		`Rules[0].Expire: the answers of dcc are about more than the bytes`:         {Type: DCC, Expire: time.Hour, Servers: one},
		`Rules[0].Extended: only olevba reports more`:                               {Type: ICAP, Extended: true, Servers: one},
		`Rules[0].Patterns: razor names no findings`:                                {Type: Razor, Patterns: []Pattern{{"A", "a"}}, Servers: one},
		`Rules[0].Patterns[0].Symbol: P0F_FAIL says something else`:                 {Type: P0F, Patterns: []Pattern{{"P0F_FAIL", "a"}}, Servers: one},
		"Rules[0].Patterns[0].Regexp: error parsing regexp: missing closing ]: `[`": {Type: P0F, Patterns: []Pattern{{"A", "["}}, Servers: one},
		`Rules[0].Bulk: only DCC counts reports`:                                    {Type: Razor, Bulk: 1, Servers: one},
		`Rules[0].Fuz1: 1000000 is not between 0 and 999999`:                        {Type: DCC, Fuz1: 1000000, Servers: one},
		`Rules[0].Action: "no action" changes nothing, leave it empty`:              {Type: DCC, Action: actions.NoAction, Servers: one},
		`Rules[0].MinSize: -1 is negative`:                                          {Type: DCC, MinSize: -1, Servers: one},
		`Rules[0].Whole: dcc looks at the whole message anyway`:                     {Type: DCC, Whole: true, Servers: one},
	} {
		if err := (Options{Rules: []Rule{r}}).Validate(); err == nil || err.Error() != "external_services: "+want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	twice := Options{Rules: []Rule{{Type: Razor, Servers: one}, {Type: Pyzor, Symbol: "RAZOR", Servers: one}}}
	if err := twice.Validate(); err == nil || err.Error() != "external_services: Rules[1].Symbol: another rule has RAZOR" {
		t.Errorf("%v", err)
	}
	if len(Types()) != 8 || Types()[DCC] != "DCC_REJECT" {
		t.Errorf("%v", Types())
	}
}

// No reply of a scanner makes trouble.
func FuzzReplies(f *testing.F) {
	for _, all := range replies() {
		for _, r := range all {
			f.Add([]byte(r))
		}
	}
	f.Fuzz(func(t *testing.T, reply []byte) {
		for kind, k := range kinds() {
			c := &conn{answer: func(string) (string, error) { return string(reply), nil }}
			state := stateOf("Content-Type: application/msword\r\n\r\nabc\r\n")
			q := &question{data: state.Message.Raw(), part: state.Message.Root(), env: state.Message.Envelope(), server: "h"}
			a, err := k.ask(&Rule{}, q)(c)
			if err != nil && (a.Found || a.Bulk) {
				t.Errorf("%s: an answer and an error", kind)
			}
			if a.Factor != a.Factor || a.Factor > 1e6 || a.Factor < -1e6 {
				t.Errorf("%s: factor %v", kind, a.Factor)
			}
		}
	})
}
