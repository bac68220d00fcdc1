package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/internal/redistest"
)

// TestImportOfRspamdKeys takes over what Rspamd keeps in Redis, twice.
func TestImportOfRspamdKeys(t *testing.T) {
	server := redistest.Start(t)
	server.Must("HSET", "RS", "learns_spam", "20", "learns_ham", "10", "version", "2")
	for i := range 2500 {
		server.Must("HSET", fmt.Sprint("RS_", 1<<62+i), "S", "3", "H", fmt.Sprint(i%5-1))
	}
	server.Must("HSET", "RS_bob@example.net_5", "S", "1")
	state, from := filepath.Join(t.TempDir(), "state"), "redis://"+server.Addr
	for _, c := range []struct {
		code int
		args []string
		want string
	}{
		{0, []string{"import", "rspamd", "-state", state, from}, "imported for -model osb and osb34: 20 spam, 10 ham, 2500 tokens, 1 left out\n"},
		{0, []string{"import", "rspamd", "-state", state, from}, "which was there already"},
		{0, []string{"stats", "-model", "osb", "-state", state}, "learned: 20 spam, 10 ham"},
		{2, []string{"import", "bogofilter", "-state", state, from}, "keeps nothing in Redis"},
		{1, []string{"import", "rspamd", "-state", state, from + "/1"}, "does not say how many"},
	} {
		if code, out, errs := call(t, "", c.args...); code != c.code || !strings.Contains(out+errs, c.want) {
			t.Errorf("%q: code %d, %.200q, %s", c.args, code, out, errs)
		}
	}
}

// TestKeep saves what was learned, restores it elsewhere, and forgets it.
func TestKeep(t *testing.T) {
	dir := t.TempDir()
	one, other, file := filepath.Join(dir, "one"), filepath.Join(dir, "other"), filepath.Join(dir, "saved")
	ham, spam := letters(t, "ham", 40), letters(t, "spam", 40)
	bogo := write(t, filepath.Join(dir, "bogo"), ".MSG_COUNT 20 30 20261127\njackpot 20 0 20261127\nrcvd:x 1 1 20261127\n")
	rspamd := write(t, filepath.Join(dir, "rspamd"), `"RS": {"learns_ham":"10","learns_spam":"20"}`+"\n"+`"RS_7": {"S":"3"}`+"\n")
	for _, c := range []struct {
		code int
		args []string
		want string
	}{
		{0, []string{"learn", "ham", "-state", one, ham}, "40 messages"},
		{0, []string{"learn", "spam", "-state", one, spam}, "40 messages"},
		{0, []string{"export", "-state", one, file}, ""},
		{0, []string{"restore", "-state", other, file}, "restored: "},
		{0, []string{"-json", "-state", other, filepath.Join(spam, "7.eml")}, `"BAYES_SPAM"`},
		{0, []string{"learn", "ham", "-state", other, ham}, "40 already"},
		{1, []string{"restore", "-state", other, file}, "-replace removes that"},
		{0, []string{"restore", "-replace", "-state", other, file}, "restored: "},
		{1, []string{"restore", "-replace", "-state", other, bogo}, "not a whole backup: it begins with \".MSG_COUNT"},
		{0, []string{"reset", "-state", other}, "forgotten: "},
		{0, []string{"stats", "-state", other}, "learned: 0 ham, 0 spam"},
		{0, []string{"export", "-state", one}, "winnow-learner 1\n"},
		{0, []string{"import", "bogofilter", "-state", one, bogo}, "imported for -model naive: 20 spam, 30 ham, 1 tokens, 1 left out\n"},
		{0, []string{"import", "bogofilter", "-state", one, bogo}, "1 left out, which was there already"},
		{0, []string{"import", "rspamd", "-state", one, rspamd}, "imported for -model osb and osb34: 20 spam, 10 ham, 1 tokens\n"},
		{1, []string{"import", "spamassassin", "-state", one, bogo}, "line 1: not the version"},
		{2, []string{"import", "-state", one, bogo}, "import what?"},
		{2, []string{"import", "rspamd", "-state", "redis://127.0.0.1:1?rspamd=true", rspamd}, "already, in its own keys"},
		{2, []string{"export", file}, "-state"},
		{2, []string{"restore", "-state", one}, "restore reads a file"},
		{2, []string{"reset", "-state", one, file}, "reset takes no file"},
		{2, []string{"export", "-replace", "-state", one, file}, "-replace"},
	} {
		if code, out, errs := call(t, "", c.args...); code != c.code || !strings.Contains(out+errs, c.want) {
			t.Errorf("%q: code %d, %.200q, %s", c.args, code, out, errs)
		}
	}
	if fi, err := os.Stat(file); err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", fi, err)
	}
	if _, err := os.Stat(file + ".tmp"); !os.IsNotExist(err) {
		t.Error(err)
	}
}
