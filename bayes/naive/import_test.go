package naive

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/bayes/counts"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/storage"
)

var wordsOf = map[string]string{
	Spam: "cheap watches casino jackpot winner prize claim million transfer bonus",
	Ham:  "garden club meeting minutes recipe weekend library school holiday neighbour",
}

// archive writes 6 mails of each class to directories of their names.
func archive(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for class, words := range wordsOf {
		list := strings.Fields(words)
		for i := range 6 {
			text := fmt.Sprintf("From: u%d@example.org\nTo: me@example.net\nMessage-ID: <%s%d@example.org>\nDate: Tue, 3 Nov 2026 10:11:%02d +0100\nSubject: %s %s\n\n", i, class, i, i, list[i%10], list[(i+1)%10])
			for j := range 30 {
				text += list[(i*j+j)%10] + " "
			}
			path := filepath.Join(dir, class, fmt.Sprint(i))
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

// run runs another filter's program, or skips the test where it is not installed.
func run(t *testing.T, dir, name string, args ...string) []byte {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skipf("%s is not installed", name)
	}
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env = append(os.Environ(), "HOME="+dir)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	// Bogofilter exits with 1 and 2 to say ham and unsure.
	if err := cmd.Run(); err != nil && cmd.ProcessState.ExitCode() > 2 {
		t.Fatalf("%s %q: %v: %s", name, args, err, &errs)
	}
	return out.Bytes()
}

// imported holds that a classifier judges by what another filter learned.
func imported(t *testing.T, kind counts.Kind, dump []byte) {
	t.Helper()
	d, err := counts.Read(bytes.NewReader(dump), kind, "", counts.Limits{})
	if err != nil {
		t.Fatalf("%v:\n%s", err, dump)
	}
	c, err := New(storage.NewMemory(storage.MemoryOptions{}), Options{MinLearns: 6})
	if err != nil {
		t.Fatal(err)
	}
	for again := range 2 {
		r, err := c.Import(t.Context(), d, nil)
		if err != nil || r.Spam != 6 || r.Ham != 6 || r.Tokens < 20 || r.Again != (again == 1) {
			t.Errorf("%+v, %v", r, err)
		}
	}
	for class, words := range wordsOf {
		m := mail.Parse([]byte("Subject: x\n\n"+strings.ToUpper(words[:1])+words[1:]+"\n"), mail.Envelope{}, mail.Limits{})
		v, err := c.Classify(t.Context(), Tokens(m))
		if err != nil || v.Class != class || v.Used != 10 || v.Shares[class] < .99 {
			t.Errorf("%s: %+v, %v", class, v, err)
		}
	}
}

func TestBogofilter(t *testing.T) {
	dir := archive(t)
	run(t, dir, "bogofilter", "-d", dir, "-s", "-B", dir+"/spam")
	run(t, dir, "bogofilter", "-d", dir, "-n", "-B", dir+"/ham")
	imported(t, counts.Bogofilter, run(t, dir, "bogoutil", "-d", dir+"/wordlist.db"))
}

func TestSpamAssassin(t *testing.T) {
	dir := archive(t)
	db := filepath.Join(dir, "db", "bayes")
	if err := os.Mkdir(filepath.Dir(db), 0o700); err != nil {
		t.Fatal(err)
	}
	// Without its rules SpamAssassin starts in a tenth of the time.
	for name, text := range map[string]string{"v.pre": "loadplugin Mail::SpamAssassin::Plugin::Bayes\n", "tld.cf": "util_rb_tld org net\n"} {
		if err := os.WriteFile(filepath.Join(filepath.Dir(db), name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	learn := func(args ...string) []byte {
		return run(t, dir, "sa-learn", append([]string{"-L", "-C", filepath.Dir(db), "--siteconfigpath", filepath.Dir(db), "--dbpath", db}, args...)...)
	}
	learn("--spam", dir+"/spam")
	learn("--ham", dir+"/ham")
	imported(t, counts.SpamAssassin, learn("--backup"))
}

func TestImportRefuses(t *testing.T) {
	c, err := New(storage.NewMemory(storage.MemoryOptions{}), Options{})
	if err != nil {
		t.Fatal(err)
	}
	rspamd := &counts.Dump{Kind: counts.Rspamd, Spam: 1, Tokens: []counts.Token{{ID: 1, Spam: 1}}}
	if _, err := c.Import(t.Context(), rspamd, nil); !errors.Is(err, counts.ErrUseless) {
		t.Errorf("Rspamd's: %v", err)
	}
	hosts := &counts.Dump{Kind: counts.Bogofilter, Spam: 1, Tokens: []counts.Token{{Word: "rcvd:example", Spam: 1}, {Word: "subj:", Spam: 1}}}
	if r, err := c.Import(t.Context(), hosts, nil); !errors.Is(err, counts.ErrUseless) || r.Left != 2 {
		t.Errorf("nothing but hops: %+v, %v", r, err)
	}
	other, err := New(storage.NewMemory(storage.MemoryOptions{}), Options{Classes: []string{"a", "b"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Import(t.Context(), hosts, nil); err == nil {
		t.Error("classes of other names take it")
	}
}
