package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/mail"
)

// TestFields holds the names that programs read.
func TestFields(t *testing.T) {
	var out, errs bytes.Buffer
	if code := command(t.Context(), []string{"eval", "-json", "-corpus", corpus(t, 6), "-bits", "14"}, &out, &errs); code != 0 {
		t.Fatal(errs.String())
	}
	var rows []map[string]any
	if err := json.Unmarshal(out.Bytes(), &rows); err != nil {
		t.Fatal(err)
	}
	var names []string
	for name := range rows[0] {
		names = append(names, name)
	}
	slices.Sort(names)
	want := "auc_error brier corpus ece errors miss_fp01 miss_fp1 model n order regime table_bytes us write_share"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if e := rows[0]["errors"].(map[string]any); len(e) != 4 || e["50"] == nil || e["500"] == nil {
		t.Errorf("%v", e)
	}
}

// TestHelp explains every field that is printed.
func TestHelp(t *testing.T) {
	var out, errs bytes.Buffer
	if code := command(t.Context(), []string{"eval", "-help"}, &out, &errs); code != 0 || errs.Len() > 0 {
		t.Errorf("code %d: %s", code, errs.String())
	}
	for _, word := range strings.Fields("auc_error brier ece miss_fp01 miss_fp1 regime table_bytes us write_share -attack -baseline -users -unsure-queue") {
		if !strings.Contains(out.String(), word) {
			t.Errorf("the help has no %s", word)
		}
	}
	if code := command(t.Context(), []string{"eval", "-modle", "fused"}, &out, &errs); code != 2 || !strings.Contains(errs.String(), "-modle") {
		t.Errorf("an unknown flag: code %d, %s", code, errs.String())
	}
}

// TestIndexForms reads the same messages by indexes of other forms.
func TestIndexForms(t *testing.T) {
	dir := corpus(t, 20)
	b, err := os.ReadFile(filepath.Join(dir, "index.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	edit := func(f func(string) string) string {
		out := []string{"path\tnote\tlabel\tcorpus"}
		for _, l := range lines[1:] {
			w := strings.Split(l, "\t")
			out = append(out, f(w[2])+"\tx\t"+w[0]+"\t"+w[1])
		}
		return strings.Join(out, "\n")
	}
	plain, _, _ := lab(t, "-corpus", dir, "-bits", "14")
	for name, index := range map[string]string{
		"CRLF":             "\ufeff" + strings.Join(lines, "\r\n") + "\r\n\r\n",
		"without last LF":  strings.Join(lines, "\n"),
		"other columns":    edit(func(p string) string { return p }),
		"dots":             edit(func(p string) string { return "./" + p }),
		"absolute":         edit(func(p string) string { return filepath.Join(dir, p) }),
		"an unknown label": string(b) + "junk\tone\tnothing\n",
	} {
		file := filepath.Join(dir, "form.tsv")
		if err := os.WriteFile(file, []byte(index), 0o666); err != nil {
			t.Fatal(err)
		}
		rows, stderr, code := lab(t, "-corpus", dir, "-index", file, "-bits", "14")
		if code != 0 || len(rows) != 2 || rows[0].N != 20 || rows[0].AUCError != plain[0].AUCError {
			t.Errorf("%s: code %d, %+v: %s", name, code, rows, stderr)
		}
		if strings.Contains(stderr, `form.tsv:24: label "junk"`) != (name == "an unknown label") {
			t.Errorf("%s: %q", name, stderr)
		}
	}
	for index, want := range map[string]string{
		"ham\tone\t000.eml\n":                            "form.tsv:1:",
		"":                                               "no corpus",
		"label\tcorpus\tpath\nham\tone\n":                "form.tsv:2:",
		"label\tcorpus\tpath\nham\tone\t\n":              "form.tsv:2:",
		"label\tcorpus\tpath\n\nspam one x\n":            "form.tsv:3:",
		string(b) + "ham\tone\tnowhere/1.eml\n":          "form.tsv:24:",
		string(b) + "ham\tone\t.\n":                      "form.tsv:24:",
		"label\tcorpus\tpath\nham\tone\t000.eml\n":       "no corpus",
		"label corpus path\nham one 000.eml\n":           "form.tsv:1:",
		"Label\tCorpus\tPath\nham\tone\t000.eml\r\n\r\n": "form.tsv:1:",
	} {
		file := filepath.Join(dir, "form.tsv")
		if err := os.WriteFile(file, []byte(index), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, stderr, code := lab(t, "-corpus", dir, "-index", file); code != 1 || !strings.Contains(stderr, want) {
			t.Errorf("%q: code %d, %q", index, code, stderr)
		}
	}
}

// three makes an index of three corpora.
func three(t *testing.T) (dir string) {
	dir = corpus(t, 60)
	index := "label\tcorpus\tpath\n"
	for i := range 60 {
		label := [...]string{"ham", "spam"}[i%2]
		index += fmt.Sprintf("%s\t%s\t%03d.eml\n", label, [...]string{"young", "middle", "old"}[i/20], i)
	}
	if err := os.WriteFile(filepath.Join(dir, "index.tsv"), []byte(index), 0o666); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestDrift carries what the oldest corpus taught into the next ones.
func TestDrift(t *testing.T) {
	dir := three(t)
	alone, _, _ := lab(t, "-corpus", dir, "-bits", "14")
	rows, stderr, code := lab(t, "-corpus", dir, "-bits", "14", "-drift", "-model", "fused,naive")
	if code != 0 || len(rows) != 12 {
		t.Fatalf("code %d, %d rows: %s", code, len(rows), stderr)
	}
	for i, name := range []string{"old", "old", "middle", "middle", "young", "young"} {
		if r := rows[i]; r.Corpus != name || r.Regime != "drift" || r.N != 20 || r.Model != "fused" || rows[6+i].Model != "naive" {
			t.Errorf("row %d: %+v", i, r)
		}
	}
	if first, last := alone[0], rows[4]; last.Errors["50"] >= first.Errors["50"] || last.AUCError > first.AUCError {
		t.Errorf("%+v alone, %+v after two others", first, last)
	}
}

func TestUsers(t *testing.T) {
	rows, stderr, code := lab(t, "-corpus", three(t), "-users", "-bits", "15")
	if code != 0 || len(rows) != 18 {
		t.Fatalf("code %d, %d rows: %s", code, len(rows), stderr)
	}
	for i, regime := range []string{"users", "users=one", "users=separate"} {
		r := rows[6*i]
		if r.Corpus != "young" || r.Regime != regime || r.Order != "date" || r.N != 20 || r.TableBytes != []int{10 << 15, 10 << 14, 10 << 14}[i] {
			t.Errorf("%+v", r)
		}
	}
	if one, separate := rows[1], rows[13]; one.WriteShare >= separate.WriteShare {
		t.Errorf("one model writes %v, one for each user %v", one.WriteShare, separate.WriteShare)
	}
}

// TestAttack hides spam behind whole ham messages, of which a few lessons tell.
func TestAttack(t *testing.T) {
	rows, stderr, code := lab(t, "-corpus", corpus(t, 200), "-only", "one", "-bits", "14", "-attack")
	if code != 0 || len(rows) != 2*(1+4+4+5+5) {
		t.Fatalf("code %d, %d rows: %s", code, len(rows), stderr)
	}
	found := map[string]row{}
	for _, r := range rows {
		if r.Order == "shuffle" {
			found[r.Regime] = r
		}
	}
	with, stderr, code := lab(t, "-corpus", corpus(t, 20), "-only", "one", "-windows")
	if code != 0 || with[0].Regime != "windows" || with[0].TableBytes != 11<<20 {
		t.Errorf("code %d, %+v: %s", code, with, stderr)
	}
	none, chosen, learned := found["attack=none"], found["attack=chosen-words"], found["attack=chosen-words,learned=10"]
	if none.N != 60 || none.AUCError != 0 || chosen.N >= 60 || learned.N != chosen.N {
		t.Errorf("%+v, %+v, %+v", none, chosen, learned)
	}
	if !(chosen.MissFP1 >= none.MissFP1 && learned.MissFP1 <= chosen.MissFP1) {
		t.Errorf("missed %v, %v, %v", none.MissFP1, chosen.MissFP1, learned.MissFP1)
	}
	if !(chosen.Brier > none.Brier && learned.Brier < chosen.Brier) {
		t.Errorf("Brier %v without words, %v with, %v after ten lessons", none.Brier, chosen.Brier, learned.Brier)
	}
}

// TestPad finds the text in every text part, and leaves the rest as it was.
func TestPad(t *testing.T) {
	head := "Subject: x\nMIME-Version: 1.0\n"
	multi := head + "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\nContent-Transfer-Encoding: base64\n\nYnV5IG5vdw==\n" +
		"--b\nContent-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\n<html><body bgcolor=3D\"x\">buy=20now</body></html>\n" +
		"--b\nContent-Type: application/pdf\nContent-Transfer-Encoding: base64\n\nYWJj\n--b--\n"
	// Letters that are longer in the other case and bytes of no charset keep their places.
	odd := head + "Content-Type: text/html; charset=utf-8\n\n<!-- \xff\xff\xff\u0130\u0130\u2126 --><BODY>buy now</BODY></html>"
	for _, raw := range []string{head + "\nbuy now\n", head + "Content-Type: text/html\n\nbuy now", odd, multi} {
		for _, front := range []bool{true, false} {
			m := mail.Parse(pad([]byte(raw), "a & b é", front), mail.Envelope{}, mail.Limits{})
			before := mail.Parse([]byte(raw), mail.Envelope{}, mail.Limits{})
			if len(m.Parts()) != len(before.Parts()) || len(m.Texts()) != len(before.Texts()) {
				t.Fatalf("%d parts, %d before", len(m.Parts()), len(before.Parts()))
			}
			for _, text := range m.Texts() {
				got := strings.Join(strings.Fields(text.Plain()), " ")
				if want := map[bool]string{true: "a & b ? buy now", false: "buy now a & b ?"}[front]; got != want {
					t.Errorf("%q, want %q", got, want)
				}
			}
			if last := m.Parts()[len(m.Parts())-1]; len(m.Parts()) > 1 && string(last.Content()) != "abc" {
				t.Errorf("another part became %q", last.Content())
			}
		}
	}
}

// TestBaselines runs the real programs. Rspamd gets a short list of top-level
// domains, since it takes long to read its own.
func TestBaselines(t *testing.T) {
	suffixes := filepath.Join(t.TempDir(), "suffixes")
	if err := os.WriteFile(suffixes, []byte("com\norg\nnet\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	dir := corpus(t, 24)
	items, err := readIndex(filepath.Join(dir, "index.tsv"), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		maker    maker
		programs []string
		learned  float64
	}{
		{&bogofilter{}, []string{"bogofilter"}, 1},
		{&rspamd{suffixes: suffixes}, []string{"rspamd", "redis-server"}, .1}, // It learns nothing that it is sure of.
	} {
		t.Run(c.maker.name(), func(t *testing.T) {
			for _, p := range c.programs {
				if _, err := exec.LookPath(p); err != nil {
					t.Skipf("%s is not installed (Debian: %s)", p, p)
				}
			}
			defer c.maker.close()
			r := &run{options: &options{corpus: dir, prior: "none", regime: regime{ask: "all", share: 1, sure: true}, shuffles: 1}, ctx: t.Context(), sender: newCondition()}
			rows, err := r.plain(c.maker, stream{name: "one", items: items[:24]})
			if err != nil || len(rows) != 2 {
				t.Fatalf("%d rows: %v", len(rows), err)
			}
			for _, r := range rows {
				if r.Model != c.maker.name() || r.N != 24 || r.AUCError > 30 || r.WriteShare < c.learned || r.TableBytes <= 0 || r.Written <= 0 {
					t.Errorf("%+v", r)
				}
			}
		})
	}
}

// TestMissingBaseline leaves out what is not installed.
func TestMissingBaseline(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	rows, stderr, code := lab(t, "-corpus", corpus(t, 6), "-bits", "14", "-baseline", "rspamd,bogofilter")
	if code != 0 || len(rows) != 2 || !strings.Contains(stderr, "bogofilter is not installed") || !strings.Contains(stderr, "no figures of rspamd") {
		t.Errorf("code %d, %d rows: %s", code, len(rows), stderr)
	}
}
