package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/signing"
)

func hostname() (string, error) { return "mail.example.com", nil }

func runDKIM(t *testing.T, code int, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	if got := dkim(args, hostname, &out, &errs); got != code {
		t.Errorf("%q: exit code %d, want %d: %s", args, got, code, errs.String())
	}
	return out.String(), errs.String()
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestDKIM(t *testing.T) {
	for _, c := range []struct {
		args           []string
		base, selector string
		bits           int // 0: Ed25519
	}{
		{nil, "rsa-2048-mail-example.com", "mail", 2048},
		{[]string{"keysize", "1024", "selector", "2026-dkim"}, "rsa-1024-2026-dkim-example.com", "2026-dkim", 1024},
		{[]string{"keytype", "rsa", "keysize", "4096", "domain", "Example.net"}, "rsa-4096-mail-example.net", "mail", 4096},
		{[]string{"keytype", "ed25519", "keysize", "2048", "domain", "example.net", "selector", "ed"}, "ed25519-ed-example.net", "ed", 0},
	} {
		dir := t.TempDir()
		out, _ := runDKIM(t, 0, append(c.args, "dir", dir)...)
		base := filepath.Join(dir, "dkim", c.base)
		key, err := signing.ParseKey([]byte(read(t, base+".private.txt")))
		if err != nil {
			t.Fatal(err)
		}
		switch key := key.(type) {
		case *rsa.PrivateKey:
			if key.N.BitLen() != c.bits {
				t.Errorf("%s: %d bits", c.base, key.N.BitLen())
			}
		case ed25519.PrivateKey:
			if c.bits != 0 {
				t.Errorf("%s: an Ed25519 key", c.base)
			}
		}
		if fi, err := os.Stat(base + ".private.txt"); err != nil || fi.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", c.base, fi, err)
		}
		record, err := signing.Record(key.Public())
		if err != nil {
			t.Fatal(err)
		}
		if got := read(t, base+".public.dns.txt"); got != record+"\n" || !strings.Contains(out, record) {
			t.Errorf("%s: record %q, said %q; want %q", c.base, got, out, record)
		}
		domain := c.base[strings.LastIndex(c.base, "-")+1:]
		if got := read(t, base+".public.txt"); got != signing.ZoneRecord(domain, c.selector, record) {
			t.Errorf("%s: zone %q", c.base, got)
		}
		conf := read(t, filepath.Join(dir, "override.d", "dkim_signing.conf"))
		for _, want := range []string{domain + " {", `path = "` + base + `.private.txt";`, `selector = "` + c.selector + `";`, "sign_authenticated = true;", "sign_local = false;", `use_domain = "header";`} {
			if !strings.Contains(conf, want) {
				t.Errorf("%s: no %q in %s", c.base, want, conf)
			}
		}
	}
}

func TestDKIMKeepsWhatIsThere(t *testing.T) {
	dir := t.TempDir()
	conf := filepath.Join(dir, "override.d", "dkim_signing.conf")
	runDKIM(t, 0, "dir", dir, "keytype", "ed25519")
	key := filepath.Join(dir, "dkim", "ed25519-mail-example.com.private.txt")
	first := read(t, key)
	if err := os.WriteFile(conf, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, said := runDKIM(t, 1, "dir", dir, "keytype", "ed25519"); !strings.Contains(said, key) || !strings.Contains(said, "--force") || read(t, key) != first {
		t.Errorf("said %q", said)
	}
	out, said := runDKIM(t, 0, "dir", dir, "keytype", "ed25519", "--force", "-vv")
	if read(t, key) == first || read(t, conf) != "mine" {
		t.Errorf("key %q, configuration %q", read(t, key), read(t, conf))
	}
	if !strings.Contains(out, "not supplying a default") || !strings.Contains(said, "wrote "+key) || !strings.Contains(said, "mode -rw-------") || !strings.Contains(said, "Overwriting existing files as the '--force' option was supplied") ||
		!strings.Contains(said, "Keytype set to 'ed25519'") || !strings.Contains(out, "Finished DKIM key creation") {
		t.Errorf("said %q, %q", out, said)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*", ".dkim-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestDKIMSubdomain(t *testing.T) {
	for domain, want := range map[string]bool{"sub.example.com": true, "example.com": false} {
		out, _ := runDKIM(t, 0, "dir", t.TempDir(), "keytype", "ed25519", "domain", domain)
		if got := strings.Contains(out, "is signed for example.com unless"); got != want {
			t.Errorf("%s: %s", domain, out)
		}
	}
}

func TestDKIMWrongArguments(t *testing.T) {
	dir := t.TempDir()
	for want, args := range map[string][]string{
		"rsa and ed25519": {"keytype", "dsa"},
		"keytype does not accept the 'keysize' argument": {"keytype", "ed25519", "keysize", "4096"},
		"1024, 2048 and 4096":                            {"keysize", "512"},
		"needs a value":                                  {"selector"},
		"unknown option":                                 {"selektor", "mail"},
		`"a/b" is no domain`:                             {"domain", "a/b"},
		`"../mail" is no selector`:                       {"selector", "../mail"},
	} {
		if _, said := runDKIM(t, 2, append([]string{"dir", dir}, args...)...); !strings.Contains(said, want) || strings.Count(said, "\n") != 1 {
			t.Errorf("%q said %q, want %q", args, said, want)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("wrote %v, %v", left, err)
	}
	if out, _ := runDKIM(t, 0, "help"); !strings.Contains(out, "keysize") {
		t.Errorf("help said %q", out)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	runDKIM(t, 1, "dir", file, "keytype", "ed25519")
	for name, want := range map[string]string{
		"mail.example.com": "example.com", "example.com": "example.com", "mx.mail.example.co.uk": "example.co.uk", "mail.example.test": "example.test", "example.test": "example.test", "localhost": "",
	} {
		if got := domainOf(name); got != want {
			t.Errorf("domain of %s: %q, want %q", name, got, want)
		}
	}
	var out, errs bytes.Buffer
	for _, host := range []func() (string, error){
		func() (string, error) { return "box", nil }, func() (string, error) { return "", errors.New("no name") },
	} {
		if code := dkim([]string{"dir", dir}, host, &out, &errs); code != 2 {
			t.Errorf("exit code %d: %s", code, errs.String())
		}
	}
}

// The daemon signs with the key that the subcommand made.
func TestSign(t *testing.T) {
	dir := t.TempDir()
	runDKIM(t, 0, "dir", dir, "keytype", "ed25519")
	key := filepath.Join(dir, "dkim", "ed25519-mail-example.com.private.txt")
	gone, open := filepath.Join(dir, "gone"), filepath.Join(dir, "open")
	if err := os.WriteFile(open, []byte(read(t, key)), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, profile := range []string{"rspamd", "dms"} {
		url, log, stop := start(t, "-profile", profile, "-sign", "example.com:mail:"+key, "-sign", "example.net:mail:"+gone, "-sign", "example.org:mail:"+open)
		ask := func(user, from string) (signature, message string) {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/checkv2", strings.NewReader("From: "+from+"\r\nSubject: x\r\n\r\nx\r\n"))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("IP", "198.51.100.7")
			req.Header.Set("From", from)
			if user != "" {
				req.Header.Set("User", user)
			}
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			var reply struct {
				Signature string `json:"dkim-signature"`
				Messages  map[string]string
			}
			if err := json.NewDecoder(res.Body).Decode(&reply); err != nil {
				t.Error(err)
			}
			return reply.Signature, reply.Messages["dkim_signing"]
		}
		if sig, msg := ask("ann", "ann@sub.example.com"); !strings.Contains(strings.ReplaceAll(sig, "\r\n\t", " "), "d=example.com; s=mail;") {
			t.Errorf("%s: signature %q, message %q", profile, sig, msg)
		}
		for _, c := range []struct{ user, from, want string }{
			{"", "ann@example.com", "neither authenticated"},
			{"ann", "ann@example.net", gone + ": no such file"},
			{"ann", "ann@example.org", open + ": everybody"},
			{"ann", "ann@example.info", "no key"},
		} {
			if sig, msg := ask(c.user, c.from); sig != "" || !strings.Contains(msg, c.want) {
				t.Errorf("%s, %s: signature %q, message %q", profile, c.from, sig, msg)
			}
		}
		http.DefaultClient.CloseIdleConnections()
		if code := stop(); code != 0 {
			t.Errorf("exit code %d", code)
		}
		for _, want := range []string{"example.net", gone, "example.org", open, "level=WARN"} {
			if !strings.Contains(log.String(), want) {
				t.Errorf("the log does not say %q: %s", want, log)
			}
		}
	}
}

func TestDKIMKeygen(t *testing.T) {
	out, _ := runCommand(t, 0, "dkim_keygen", "-d", "example.org", "-s", "mail", "-b", "1024")
	private, record, ok := strings.Cut(out, "-----END PRIVATE KEY-----\n")
	key, err := signing.ParseKey([]byte(private + "-----END PRIVATE KEY-----\n"))
	if rsaKey, isRSA := key.(*rsa.PrivateKey); !ok || err != nil || !isRSA || rsaKey.N.BitLen() != 1024 {
		t.Fatalf("%v: %s", err, out)
	}
	published, err := signing.Record(key.Public())
	if err != nil || !strings.HasPrefix(record, "mail._domainkey.example.org. IN TXT (\n\t\"v=DKIM1; k=rsa; p=") ||
		strings.Join(strings.FieldsFunc(record, func(r rune) bool { return strings.ContainsRune("\"\n\t", r) })[1:], "") != published+")" {
		t.Errorf("%v: the record is %s, of the key %s", err, record, published)
	}
	file := filepath.Join(t.TempDir(), "key")
	out, _ = runCommand(t, 0, "dkim_keygen", "--type", "ed25519", "--privkey", file)
	if key, err := signing.ParseKey([]byte(read(t, file))); err != nil || !strings.HasPrefix(out, "selector._domainkey IN TXT (\n\t\"v=DKIM1; k=ed25519; p=") {
		t.Errorf("%T, %v: %s", key, err, out)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if _, errs := runCommand(t, 1, "dkim_keygen", "-k", file); !strings.Contains(errs, "exists") {
		t.Errorf("a key was written over another: %s", errs)
	}
	for _, bad := range [][]string{{"-t", "dsa"}, {"-b", "512"}, {"-b", "8192"}, {"-t", "ed25519", "-b", "2048"}, {"-s", "a/b"}, {"-d", "exa mple"}, {"x"}} {
		runCommand(t, 2, append([]string{"dkim_keygen"}, bad...)...)
	}
}
