package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// corpus writes n messages of two corpora and their index.
func corpus(t *testing.T, n int) (dir string) {
	t.Helper()
	dir = t.TempDir()
	index := "label\tcorpus\tpath\n"
	for i := range n {
		label, text := "ham", "the build of the release branch is green, please review the patch"
		if i%2 == 1 {
			label, text = "spam", "claim your lottery prize, the million is waiting for a transfer"
		}
		name := fmt.Sprintf("%03d.eml", i)
		mail := fmt.Sprintf("Received: from a.example.org by b.example.net; %s\nX-Spam: %s\nFrom: u%d@example.org\nTo: me@example.net\nSubject: note %d\n\n%s %d\n",
			time.Date(2026, 11, 3, 0, n-i, 0, 0, time.UTC).Format(time.RFC1123Z), label, i, i, text, i*i)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(mail), 0o666); err != nil {
			t.Fatal(err)
		}
		index += label + "\tone\t" + name + "\n"
	}
	index += "other\tone\tmissing.eml\nham\tonly-ham\t000.eml\n"
	if err := os.WriteFile(filepath.Join(dir, "index.tsv"), []byte(index), 0o666); err != nil {
		t.Fatal(err)
	}
	return dir
}

func lab(t *testing.T, args ...string) (rows []row, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	code = command(t.Context(), append([]string{"eval", "-json"}, args...), &out, &errs)
	if code == 0 {
		if err := json.Unmarshal(out.Bytes(), &rows); err != nil {
			t.Fatal(err)
		}
	}
	return rows, errs.String(), code
}

func TestEval(t *testing.T) {
	rows, stderr, code := lab(t, "-corpus", corpus(t, 60), "-bits", "14")
	if code != 0 || len(rows) != 2 {
		t.Fatalf("code %d, %d rows: %s", code, len(rows), stderr)
	}
	for i, order := range []string{"date", "shuffle"} {
		r := rows[i]
		if r.Corpus != "one" || r.Order != order || r.N != 60 || r.Regime != "all" || r.TableBytes != 10<<14 || r.AUCError > 20 || r.WriteShare <= 0 || r.WriteShare > 1 {
			t.Errorf("%+v", r)
		}
	}
}

// TestSums adds what was learned to scores, which tell nothing: an exclamation mark
// raises a symbol without a weight.
func TestSums(t *testing.T) {
	dir := corpus(t, 300)
	for i := 1; i < 300; i += 2 {
		name := filepath.Join(dir, fmt.Sprintf("%03d.eml", i))
		b, err := os.ReadFile(name)
		if err == nil {
			err = os.WriteFile(name, bytes.Replace(b, []byte("Subject: note"), []byte("Subject: note!\nX: "), 1), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	rows, stderr, code := lab(t, "-corpus", dir, "-bits", "14", "-shuffles", "0", "-model", "score,score+nets,score+fused+nets")
	if code != 0 || len(rows) != 3 {
		t.Fatalf("code %d, %d rows: %s", code, len(rows), stderr)
	}
	alone, nets, all := rows[0].AUCError, rows[1].AUCError, rows[2].AUCError
	if alone < 30 || nets > alone/2 || all > 5 {
		t.Errorf("%v, with nets %v, with what is learned %v", alone, nets, all)
	}
}

func TestModels(t *testing.T) {
	dir := corpus(t, 60)
	for model, most := range map[string]float64{
		"osb":   50, // the messages are too short for it
		"osb34": 30, "naive": 30,
	} {
		rows, stderr, code := lab(t, "-corpus", dir, "-model", model)
		if code != 0 || len(rows) != 2 || rows[0].Model != model || rows[0].N != 60 || rows[0].AUCError > most || (most < 50) != (rows[0].WriteShare > 0) {
			t.Errorf("%s: code %d, %+v: %s", model, code, rows, stderr)
		}
	}
	if _, stderr, code := lab(t, "-corpus", dir, "-model", "osbf"); code != 2 || !strings.Contains(stderr, "osbf") {
		t.Errorf("an unknown model: code %d, %s", code, stderr)
	}
}

func TestRegimes(t *testing.T) {
	dir := corpus(t, 60)
	late, _, _ := lab(t, "-corpus", dir, "-bits", "14", "-delay", "60")
	if late[0].AUCError != 50 || late[0].WriteShare != 0 || late[0].Regime != "delay=60" {
		t.Errorf("without a label in time: %+v", late[0])
	}
	noise, _, _ := lab(t, "-corpus", dir, "-bits", "14", "-noise", "1")
	if noise[0].AUCError < 50 || noise[0].Regime != "noise=1" {
		t.Errorf("with every label wrong: %+v", noise[0])
	}
	errors, _, _ := lab(t, "-corpus", dir, "-bits", "14", "-only-errors")
	all, _, _ := lab(t, "-corpus", dir, "-bits", "14")
	if errors[0].WriteShare >= all[0].WriteShare {
		t.Errorf("errors alone write %v, all labels %v", errors[0].WriteShare, all[0].WriteShare)
	}
}

func TestWrongCalls(t *testing.T) {
	dir := corpus(t, 4)
	bad := filepath.Join(dir, "bad.tsv")
	if err := os.WriteFile(bad, []byte("label\tcorpus\tpath\nham\tone\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		text string
	}{
		{nil, 2, "-corpus"},
		{[]string{"-corpus", dir, "-noise", "1.5"}, 2, "-noise"},
		{[]string{"-corpus", dir, "-share", "-1"}, 2, "-share"},
		{[]string{"-corpus", dir, "-delay", "-1"}, 2, "-delay"},
		{[]string{"-corpus", dir, "-self-training", "-1"}, 2, "-self-training"},
		{[]string{"-corpus", dir, "-self-training", "NaN"}, 2, "-self-training"},
		{[]string{"-corpus", dir, "-inbox-as-ham", "-1"}, 2, "-inbox-as-ham"},
		{[]string{"-corpus", dir, "-inbox-as-ham", "1", "-self-training", "1"}, 2, "exclude"},
		{[]string{"-corpus", dir, "-only-errors", "-unsure-queue"}, 2, "exclude"},
		{[]string{"-corpus", dir, "-drift", "-attack"}, 2, "exclude"},
		{[]string{"-corpus", dir, "-users", "-model", "naive"}, 2, "fused"},
		{[]string{"-corpus", dir, "-model", "naive,naive"}, 2, "twice"},
		{[]string{"-corpus", dir, "-model", "none"}, 2, "nothing"},
		{[]string{"-corpus", dir, "-baseline", "spamd"}, 2, "spamd"},
		{[]string{"-corpus", dir, "-users", "yes"}, 2, `"yes"`},
		{[]string{"-corpus", dir, "-source", "x"}, 2, "-source"},
		{[]string{"-corpus", dir, "-bits", "99"}, 1, "2^99"},
		{[]string{"-corpus", dir, "-index", bad}, 1, "bad.tsv:2"},
		{[]string{"-corpus", dir, "-only", "one,two"}, 1, "two"},
		{[]string{"-corpus", dir, "-only", "only-ham"}, 1, "only-ham"},
	} {
		if _, stderr, code := lab(t, c.args...); code != c.code || !strings.Contains(stderr, c.text) {
			t.Errorf("%q: code %d, %q", c.args, code, stderr)
		}
	}
	if code := command(t.Context(), nil, &bytes.Buffer{}, &bytes.Buffer{}); code != 2 {
		t.Errorf("without a command: code %d", code)
	}
}

// train makes a prior of a corpus and returns its bytes and what is printed.
func train(t *testing.T, dir string, args ...string) (prior []byte, name, stdout string) {
	t.Helper()
	name = filepath.Join(t.TempDir(), "prior")
	var out, errs bytes.Buffer
	if code := command(t.Context(), append([]string{"prior", "-corpus", dir, "-o", name}, args...), &out, &errs); code != 0 {
		t.Fatalf("code %d: %s", code, errs.String())
	}
	prior, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return prior, name, out.String()
}

// TestPriorIsReproducible makes the same bytes of the same messages, in whatever
// order the index has them and how often.
func TestPriorIsReproducible(t *testing.T) {
	dir := corpus(t, 60)
	one, _, said := train(t, dir, "-only", "one")
	index, err := os.ReadFile(filepath.Join(dir, "index.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(index)), "\n")
	slices.Reverse(lines[1:])
	other := filepath.Join(dir, "other.tsv")
	if err := os.WriteFile(other, []byte(strings.Join(append(lines, lines[5:9]...), "\n")), 0o666); err != nil {
		t.Fatal(err)
	}
	two, _, _ := train(t, dir, "-only", "one", "-index", other)
	if !bytes.Equal(one, two) {
		t.Error("the same messages make another prior")
	}
	if !strings.Contains(said, "30 ham and 30 spam") {
		t.Errorf("%q", said)
	}
	if rare, _, _ := train(t, dir, "-only", "one", "-seen", "31"); len(rare) >= len(one) {
		t.Errorf("%d bytes with features that both classes have, %d with all", len(rare), len(one))
	}
	if few, _, _ := train(t, dir, "-only", "one", "-weights", "10"); len(few) >= len(one) || bytes.Equal(few, one) {
		t.Errorf("%d bytes with 10 weights, %d with all", len(few), len(one))
	}
}

// TestPriorIsUsed judges mail without a lesson by a prior.
func TestPriorIsUsed(t *testing.T) {
	dir := corpus(t, 60)
	_, name, _ := train(t, dir)
	for _, c := range []struct {
		prior string
		least float64
		most  float64
	}{{"none", 50, 50}, {name, 0, 1}, {"builtin", 0, 100}} {
		rows, stderr, code := lab(t, "-corpus", dir, "-bits", "14", "-share", "0", "-prior", c.prior)
		if code != 0 || rows[0].AUCError < c.least || rows[0].AUCError > c.most || rows[0].WriteShare != 0 {
			t.Errorf("%s: code %d %s %+v", c.prior, code, stderr, rows)
		}
	}
}

func TestWrongPriors(t *testing.T) {
	dir := corpus(t, 4)
	bad := filepath.Join(dir, "bad.prior")
	if err := os.WriteFile(bad, []byte("winnow-prior"), 0o666); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "out")
	for _, c := range []struct {
		args []string
		code int
		text string
	}{
		{[]string{"prior", "-corpus", dir}, 2, "-seen"},
		{[]string{"prior", "-o", out}, 2, "-seen"},
		{[]string{"prior", "-corpus", dir, "-o", out, "-weights", "99999"}, 1, "99999"},
		{[]string{"prior", "-corpus", dir, "-o", out, "-only", "only-ham"}, 1, "ham and spam"},
		{[]string{"prior", "-corpus", dir, "-o", filepath.Join(out, "x")}, 1, "out"},
		{[]string{"eval", "-corpus", dir, "-prior", bad}, 1, "bad.prior"},
		{[]string{"eval", "-corpus", dir, "-prior", "bultin"}, 1, "bultin"},
	} {
		var stdout, stderr bytes.Buffer
		if code := command(t.Context(), c.args, &stdout, &stderr); code != c.code || !strings.Contains(stderr.String(), c.text) {
			t.Errorf("%q: code %d, %q", c.args, code, stderr.String())
		}
	}
}

func TestFigures(t *testing.T) {
	list := []scored{{false, -1, .1}, {false, 0, .5}, {true, 0, .5}, {true, 2, .9}}
	f := measure(list, 0)
	if want := 12.5; math.Abs(f.AUCError-want) > 1e-9 { // One pair of four is tied.
		t.Errorf("1-AUC %v, want %v", f.AUCError, want)
	}
	if f.MissFP1 != 50 || f.Errors["50"] != 1 {
		t.Errorf("%+v", f)
	}
	if want := (.01 + .25 + .25 + .01) / 4; math.Abs(f.Brier-want) > 1e-9 {
		t.Errorf("Brier %v, want %v", f.Brier, want)
	}
}

func TestConditionS(t *testing.T) {
	in := "Received: a\r\n b\r\nSubject: [SPAM] hello\r\n there\r\nX-Spam: yes\r\nTo: list@googlegroups.com\r\nContent-Type: text/plain\r\n\r\nmail fork@spamassassin.taint.org\r\n"
	want := "Subject: hello\n there\nTo: me@here.example\nContent-Type: text/plain\n\nmail me@here.example\n"
	if got := string(newCondition().strip([]byte(in))); got != want {
		t.Errorf("%q", got)
	}
	if got := string(newCondition().strip([]byte("Subject: x"))); got != "Subject: x\n" {
		t.Errorf("%q", got)
	}
}
