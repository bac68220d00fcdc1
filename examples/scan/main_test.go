package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/resolver/resolvertest"
	"github.com/winnowmail/winnow/resolver/zone"
)

// call runs the program and returns its exit code and output.
func call(t *testing.T, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	p := program{stdin: strings.NewReader(stdin), stdout: &out, stderr: &errs}
	return p.run(t.Context(), args), out.String(), errs.String()
}

const (
	spam = "../../testdata/spam.eml"
	ham  = "../../testdata/ham.eml"
)

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestOneMessage(t *testing.T) {
	code, out, errs := call(t, "", spam)
	if code != 0 || errs != "" {
		t.Errorf("exit code %d, said %q", code, errs)
	}
	lines := strings.Split(out, "\n")
	if lines[0] != spam || !strings.Contains(lines[1], "score ") || !strings.Contains(lines[2], "SPAM_FLAG") || strings.Contains(out, "\x1b") {
		t.Errorf("said\n%s", out)
	}
	var last float64
	for i, line := range lines[2:] {
		var weight float64
		if n, _ := fmt.Sscanf(line, " %f", &weight); n == 0 {
			break
		}
		if weight = max(weight, -weight); i > 0 && weight > last {
			t.Errorf("symbols are not sorted by weight:\n%s", out)
		}
		last = weight
	}
	if _, stdin, _ := call(t, mustRead(t, spam), "-"); strings.Replace(lines[1], spam, "-", 1) != strings.Split(stdin, "\n")[1] {
		t.Errorf("standard input gave another verdict:\n%s", stdin)
	}
}

func mustRead(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestExplain(t *testing.T) {
	code, out, _ := call(t, "", "-explain", spam)
	for _, want := range []string{"header X-Spam-Flag, bytes ", "the sum", "thresholds", "would mean"} {
		if !strings.Contains(out, want) {
			t.Errorf("-explain does not say %q:\n%s", want, out)
		}
	}
	if code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func TestColour(t *testing.T) {
	var out, errs bytes.Buffer
	p := program{stdout: &out, stderr: &errs, colour: true}
	if code := p.run(t.Context(), []string{spam}); code != 0 || !strings.Contains(out.String(), "\x1b[") {
		t.Errorf("exit code %d, no colour in %q", code, out.String())
	}
	hostile := write(t, filepath.Join(t.TempDir(), "a.eml"), "From: \x1b[2J@example.org\r\nX-Spam-Flag: YES\r\nSubject: \x1b]0;x\x07\r\n\r\n\x1b[2J\r\n")
	if _, out, _ := call(t, "", "-explain", hostile); strings.ContainsAny(out, "\x1b\x07") {
		t.Errorf("control characters of a mail reach the terminal: %q", out)
	}
}

func TestSeveral(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "b", "2.eml"), mustRead(t, spam))
	write(t, filepath.Join(dir, "a.eml"), mustRead(t, ham))
	write(t, filepath.Join(dir, "empty"), "")
	code, out, errs := call(t, "", "-j", "2", dir)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if code != 0 || errs != "" || len(lines) != 4 || !strings.Contains(lines[0], "a.eml") || !strings.Contains(lines[1], "2.eml") ||
		!strings.HasPrefix(lines[3], "3 messages: ") {
		t.Errorf("exit code %d, said %q, printed\n%s", code, errs, out)
	}
	if _, full, _ := call(t, "", "-v", dir); !strings.Contains(full, "scanned in") {
		t.Errorf("-v printed\n%s", full)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	if _, linked, _ := call(t, "", link); !strings.Contains(linked, "3 messages") {
		t.Errorf("a link to a directory gave\n%s", linked)
	}
}

func TestJSON(t *testing.T) {
	code, out, _ := call(t, "", "-json", spam, ham)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if code != 0 || len(lines) != 2 {
		t.Fatalf("exit code %d, %d lines", code, len(lines))
	}
	for i, file := range []string{spam, ham} {
		var o struct {
			File, Action string
			Score        *float64
			Symbols      map[string]any
		}
		if err := json.Unmarshal([]byte(lines[i]), &o); err != nil || o.File != file || o.Action == "" || o.Score == nil || o.Symbols == nil {
			t.Errorf("line %s: %+v, %v", lines[i], o, err)
		}
	}
}

func TestMbox(t *testing.T) {
	mbox := "From a@example.org Thu Nov 19 09:14:07 2026\nFrom: a@example.org\nSubject: one\n\nFrom here on it is text.\n\n>From there too.\n\n" +
		"From b@example.org Thu Nov 19 09:15:07 2026\r\nFrom: b@example.org\r\nSubject: two\r\n\r\n>>From\r\n>> From x\r\n"
	path := write(t, filepath.Join(t.TempDir(), "mbox"), mbox)
	for _, args := range [][]string{{"-json", path}, {"-json"}} {
		_, out, _ := call(t, mbox, args...)
		lines := strings.Split(strings.TrimSpace(out), "\n")
		if len(lines) != 2 || !strings.Contains(lines[0], `#1"`) || !strings.Contains(lines[1], `#2"`) {
			t.Errorf("%q printed\n%s", args, out)
		}
	}
}

func TestEnvelope(t *testing.T) {
	code, out, errs := call(t, "", "-json", "-ip", "2001:db8::1", "-helo", "mx.example.org", "-hostname", "mx.example.org", "-from", "<a@example.org>",
		"-rcpt", "b@example.net", "-rcpt", "c@example.net", "-user", "bob", ham)
	if code != 0 || out == "" || errs != "" {
		t.Errorf("exit code %d, said %q", code, errs)
	}
	p := program{stdout: &bytes.Buffer{}, stderr: &bytes.Buffer{}}
	if _, err := p.parse([]string{"-ip", "2001:db8::1", "-from", "<>", "-rcpt", "<b@example.net>", "-rcpt", "c@example.net", "-user", "bob", "-helo", "h", "-hostname", "n"}); err != nil {
		t.Fatal(err)
	}
	env := p.envelope
	if env.ClientIP.String() != "2001:db8::1" || !env.HasFrom || env.From != "" || len(env.Rcpts) != 2 || env.Rcpts[0] != "b@example.net" ||
		env.User != "bob" || env.Helo != "h" || env.ClientName != "n" {
		t.Errorf("envelope %+v", env)
	}
}

func TestProfiles(t *testing.T) {
	for profile, reject := range map[string]float64{"rspamd": 15, "rspamd-exact": 15, "rspamd-3.4": 15, "dms": 11} {
		for _, maps := range []string{"builtin", "bundled", "none"} {
			_, out, errs := call(t, "", "-json", "-profile", profile, "-maps", maps, ham)
			var o struct {
				Required float64 `json:"required_score"`
			}
			if err := json.Unmarshal([]byte(out), &o); err != nil || o.Required != reject {
				t.Errorf("%s, maps %s: %q, %q, %v", profile, maps, out, errs, err)
			}
		}
	}
}

func TestErrors(t *testing.T) {
	dir := t.TempDir()
	missing := filepath.Join(dir, "missing.eml")
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"-nonsense"}, 2, "nonsense"},
		{[]string{"-ip", "1.2.3"}, 2, "ip"},
		{[]string{"-profile", "best"}, 2, `no profile "best"`},
		{[]string{"-maps", "all"}, 2, "-maps"},
		{[]string{"-gtube", "some"}, 2, "-gtube"},
		{[]string{"-j", "0"}, 2, "-j"},
		{[]string{"-json", "-explain"}, 2, "-json"},
		{[]string{"-fail-on", "anger"}, 2, "-fail-on"},
		{[]string{missing}, 1, missing},
		{[]string{missing, ham}, 1, missing},
		{[]string{"-json", missing}, 1, missing},
	} {
		code, out, errs := call(t, "", c.args...)
		if code != c.code || !strings.HasPrefix(errs, "scan: ") || !strings.Contains(errs, c.want) || strings.Count(errs, "\n") != 1 {
			t.Errorf("%q: exit code %d, said %q", c.args, code, errs)
		}
		if len(c.args) == 2 && c.args[1] == ham && !strings.Contains(out, ham) {
			t.Errorf("%q did not scan the rest: %q", c.args, out)
		}
	}
	if code, _, errs := call(t, "", "-fail-on", "add header", spam); code != 3 {
		t.Errorf("-fail-on: exit code %d, said %q", code, errs)
	}
	if code, _, errs := call(t, "", "-fail-on", "greylist", ham); code != 0 {
		t.Errorf("-fail-on with ham: exit code %d, said %q", code, errs)
	}
	if code, out, _ := call(t, "", "-help"); code != 0 || !strings.Contains(out, "-explain") {
		t.Errorf("-help: exit code %d, %q", code, out)
	}
}

func TestUnreadable(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root reads everything")
	}
	dir := filepath.Join(t.TempDir(), "closed")
	if err := os.Mkdir(dir, 0); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := call(t, "", dir); code != 1 || strings.Count(errs, "\n") != 1 {
		t.Errorf("exit code %d, said %q", code, errs)
	}
}

func TestDNS(t *testing.T) {
	const dns = "1.2.0.192.in-addr.arpa PTR mx.example.org"
	addr := resolvertest.Serve(t, resolvertest.Zone(zone.Must(dns))).Addr
	for ip, want := range map[string]bool{"192.0.2.1": false, "192.0.2.2": true} {
		code, out, errs := call(t, "", "-dns", addr, "-ip", ip, ham)
		if code != 0 || errs != "" || strings.Contains(out, "RDNS_NONE") != want {
			t.Errorf("%s: exit code %d, said %q\n%s", ip, code, errs, out)
		}
	}
	if code, _, errs := call(t, "", "-dns", "ns.example", ham); code != 2 || !strings.Contains(errs, "-dns") {
		t.Errorf("a name as server: exit code %d, said %q", code, errs)
	}
}

func TestState(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	for range 2 { // the second call finds the file
		if code, _, errs := call(t, "", "-state", dir, spam); code != 0 || errs != "" {
			t.Errorf("exit code %d, said %q", code, errs)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "winnow.db")); err != nil {
		t.Error(err)
	}
	if code, _, errs := call(t, "", "-state", "nosql://x", spam); code != 2 || !strings.HasPrefix(errs, "scan: -state: ") {
		t.Errorf("exit code %d, said %q", code, errs)
	}
}

// The test strings bring the action that they stand for where they are on.
func TestGTUBE(t *testing.T) {
	actions := map[string]string{"X": "reject", "Y": "add header", "Z": "rewrite subject", "A": "no action"}
	for _, patterns := range []string{"default", "all", "disable"} {
		for first, action := range actions {
			file := filepath.Join(t.TempDir(), "gtube.eml")
			body := "From: a@example.org\nTo: b@example.net\nSubject: test\n\n" + first + "JS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\n"
			if err := os.WriteFile(file, []byte(body), 0o600); err != nil {
				t.Fatal(err)
			}
			_, out, errs := call(t, "", "-json", "-gtube", patterns, file)
			var got struct {
				Skipped bool `json:"is_skipped"`
				Action  string
				Symbols map[string]any
			}
			if err := json.Unmarshal([]byte(out), &got); err != nil {
				t.Fatalf("%v: %s", err, errs)
			}
			on := patterns == "all" || patterns == "default" && first == "X"
			_, found := got.Symbols["GTUBE"]
			if found != on || got.Skipped != on || on && got.Action != action {
				t.Errorf("-gtube %s, %sJS: %.300s", patterns, first, out)
			}
		}
	}
}

// clamd that finds something is asked with the whole message, and the message is
// rejected with its words; one that is away changes nothing.
func TestClamAV(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	asked := make(chan []byte, 1)
	go func() {
		defer close(asked)
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		var sent []byte
		for !bytes.HasSuffix(sent, make([]byte, 4)) {
			b := make([]byte, 1<<12)
			n, err := c.Read(b)
			if sent = append(sent, b[:n]...); err != nil {
				return
			}
		}
		fmt.Fprint(c, "1: stream: Eicar-Signature FOUND\x00")
		asked <- sent
	}()
	code, out, errs := call(t, "", "-explain", "-clamav", "unix:"+path, spam)
	if code != 0 || !strings.Contains(out, "CLAM_VIRUS") || !strings.Contains(out, `ClamAV FOUND VIRUS "Eicar-Signature"`) || !strings.Contains(out, "reject") {
		t.Errorf("exit code %d, said %q: %s", code, errs, out)
	}
	raw, err := os.ReadFile(spam)
	if sent := <-asked; err != nil || !bytes.Contains(bytes.ReplaceAll(sent, []byte("\r\n"), []byte("\n")), bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n"))) {
		t.Errorf("%v; sent %q", err, sent)
	}
	l.Close()
	if code, out, errs := call(t, "", "-clamav", "unix:"+path, spam); code != 0 || !strings.Contains(out, "CLAM_VIRUS_FAIL") {
		t.Errorf("exit code %d, said %q: %s", code, errs, out)
	}
	if code, _, errs := call(t, "", "-clamav", "clamd", spam); code != 2 || !strings.HasPrefix(errs, `scan: -clamav: "clamd" is no address`) {
		t.Errorf("exit code %d, said %q", code, errs)
	}
}
