package main

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"os"
)

func TestFlagsOfTheEnvironment(t *testing.T) {
	for name, value := range map[string]string{
		"ENABLE_RSPAMD": "1", "RSPAMD_GREYLISTING": "1", "RSPAMD_NEURAL": "1", "ENABLE_CLAMAV": "1", "CLAMAV_MESSAGE_SIZE_LIMIT": "3M",
		"RSPAMD_HFILTER_HOSTNAME_UNKNOWN_SCORE__FILE": filepath.Join(t.TempDir(), "score"),
	} {
		t.Setenv(name, value)
	}
	if err := os.WriteFile(os.Getenv("RSPAMD_HFILTER_HOSTNAME_UNKNOWN_SCORE__FILE"), []byte("7\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var c config
	flags := c.flags()
	if err := flags.Parse([]string{"-env", "-controller", "127.0.0.1:1", "-weight", "R_SPF_FAIL=9"}); err != nil {
		t.Fatal(err)
	}
	if err := c.env.defaults(flags, false); err != nil {
		t.Fatal(err)
	}
	if c.profile != "dms" || c.controller != "127.0.0.1:1" || len(c.milter.listen) != 1 || c.dns != "system" || !c.greylist.on || !c.neural.on || c.history.keep != "200" ||
		c.state != "redis://127.0.0.1:6379?rspamd=true" || c.clamav != "unix:/var/run/clamav/clamd.ctl" || c.env.maxSize != 3_000_000 ||
		c.env.weights["HFILTER_HOSTNAME_UNKNOWN"] != 7 || c.env.weights["R_SPF_FAIL"] != 9 {
		t.Errorf("%+v", &c)
	}
	if err := companions(flags); err != nil {
		t.Error(err)
	}
	o, err := c.options()
	if err != nil || o.Weights["HFILTER_HOSTNAME_UNKNOWN"] != 7 {
		t.Errorf("%v, %v", o.Weights, err)
	}
}

func TestSetup(t *testing.T) {
	for name, value := range map[string]string{"ENABLE_RSPAMD": "1", "RSPAMD_LEARN": "1", "SPAM_SUBJECT": `a "b" \ `, "MARK_SPAM_AS_READ": "1"} {
		t.Setenv(name, value)
	}
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"setup"}, &out, &errs); code != 0 {
		t.Fatalf("exit code %d: %s", code, errs.String())
	}
	text := out.String()
	for _, want := range []string{"smtpd_milters = inet:127.0.0.1:11332", `addheader :last "Subject" "a \"b\" \\ ${subject}";`, `addflag "\\Seen"`, "imapsieve_from Junk", "imapsieve_mailbox1_name", "only DKIM is checked"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in %s", want, text)
		}
	}
	if !strings.Contains(errs.String(), "warning: Running OpenDMARC") {
		t.Errorf("warnings: %s", errs.String())
	}
	out.Reset()
	if code := run(t.Context(), []string{"setup", "-json"}, &out, &errs); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	var s struct {
		Enabled bool
		Sieve   struct {
			Subject string `json:"subject_prefix"`
		}
		History string `json:"history_key_prefix"`
	}
	if err := json.Unmarshal(out.Bytes(), &s); err != nil || !s.Enabled || s.Sieve.Subject != `a "b" \ ` || s.History != "rs_history{{COMPRESS}}" {
		t.Errorf("%+v, %v", s, err)
	}
	compiles(t, text)
}

// compiles has Pigeonhole's compiler read the Sieve script.
func compiles(t *testing.T, text string) {
	t.Helper()
	sievec, err := exec.LookPath("sievec")
	if err != nil {
		t.Skip("sievec is not installed (Debian: dovecot-sieve)")
	}
	_, script, _ := strings.Cut(text, "yes in 2.4.\n")
	script, _, _ = strings.Cut(script, "\n\n#")
	file := filepath.Join(t.TempDir(), "spam.sieve")
	if err := os.WriteFile(file, []byte(script+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(sievec, "-x", "+editheader +special-use", file, file+".svbin").CombinedOutput(); err != nil {
		t.Errorf("sievec: %v, %s\n%s", err, out, script)
	}
}
