package osb

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/bayes/counts"
	"github.com/winnowmail/winnow/internal/redistest"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/storage"
	"github.com/winnowmail/winnow/storage/redis"
)

const rspamdConf = `options { dns { nameserver = ["127.0.0.1"]; } }
logging { type = "console"; level = "error"; }
classifier "bayes" {
  tokenizer { name = "osb"; }
  backend = "redis"; servers = "%s"; timeout = 120.0; new_schema = true;
  statfile { symbol = "BAYES_HAM"; spam = false; }
  statfile { symbol = "BAYES_SPAM"; spam = true; }
}
`

// TestImportOfRspamd has Rspamd itself dump what is in its keys, and judges by the
// dump in another store as by the keys.
func TestImportOfRspamd(t *testing.T) {
	if _, err := exec.LookPath("rspamadm"); err != nil {
		t.Skip("rspamadm (package rspamd) is not installed")
	}
	server := redistest.Start(t)
	store := redistest.Open(t, redis.Options{Addrs: []string{server.Addr}, Rspamd: true})
	theirs, err := New(store, Options{Dialect: Rspamd34, MinLearns: 10})
	if err != nil {
		t.Fatal(err)
	}
	message := func(class string, i int) []Token {
		words := map[string]string{Spam: "cheap watches casino jackpot winner prize claim", Ham: "garden club meeting minutes recipe weekend library"}[class]
		list := strings.Fields(words)
		text := "Subject: x\r\n\r\n"
		for j := range 40 {
			text += list[(i*j+j*j)%len(list)] + " "
		}
		return theirs.Tokens(mail.Parse([]byte(text+"\r\n"), mail.Envelope{}, mail.Limits{}), Seen{})
	}
	for i := range 12 {
		for _, class := range []string{Spam, Ham} {
			if _, err := theirs.Learn(t.Context(), Lesson{Message: fmt.Sprint(class, i), Class: class, Tokens: message(class, i), Always: true}); err != nil {
				t.Fatal(err)
			}
		}
	}
	conf := filepath.Join(t.TempDir(), "rspamd.conf")
	if err := os.WriteFile(conf, fmt.Appendf(nil, rspamdConf, server.Addr), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"dump", "-b", "100000"}, {"dump", "-b", "100000", "-j"}} {
		cmd := exec.CommandContext(t.Context(), "rspamadm", append([]string{"statistics_dump", "-c", conf}, args...)...)
		var errs bytes.Buffer
		cmd.Stderr = &errs
		dump, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v: %s", err, &errs)
		}
		d, err := counts.Read(bytes.NewReader(dump), counts.Rspamd, "", counts.Limits{})
		if err != nil {
			t.Fatalf("%v:\n%.1000s", err, dump)
		}
		ours, err := New(storage.NewMemory(storage.MemoryOptions{}), Options{Dialect: Rspamd34, MinLearns: 10})
		if err != nil {
			t.Fatal(err)
		}
		r, err := ours.Import(t.Context(), d, nil)
		if err != nil || r.Spam != 12 || r.Ham != 12 || r.Tokens < 50 || r.Left != 0 || r.Again {
			t.Errorf("%+v, %v", r, err)
		}
		for _, class := range []string{Spam, Ham} {
			tokens := message(class, 30)
			want, err := theirs.Classify(t.Context(), tokens)
			if err != nil || want.State != Judged || want.Class != class {
				t.Fatalf("%+v, %v", want, err)
			}
			if got, err := ours.Classify(t.Context(), tokens); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%q: %+v, %v, want %+v", args, got, err, want)
			}
		}
	}
}

func TestImportRefuses(t *testing.T) {
	c, err := New(storage.NewMemory(storage.MemoryOptions{}), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []counts.Kind{counts.Bogofilter, counts.SpamAssassin} {
		if _, err := c.Import(t.Context(), &counts.Dump{Kind: kind, Spam: 1, Tokens: []counts.Token{{ID: 1, Word: "x", Spam: 1}}}, nil); !errors.Is(err, counts.ErrUseless) {
			t.Errorf("%s: %v", kind, err)
		}
	}
	other, err := New(storage.NewMemory(storage.MemoryOptions{}), Options{Classes: []string{"a", "b"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Import(t.Context(), &counts.Dump{Kind: counts.Rspamd}, nil); err == nil {
		t.Error("classes of other names take it")
	}
}
