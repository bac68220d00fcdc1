package counts

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/storage"
)

const (
	rspamdLines = `"BAYES_SPAM_keys": ["RS","RSbob@example.org"]
"RS": {"learns_ham":"10","version":"2","learns_spam":"20"}
"RS_18446744073709551615": {"S":"20","H":"1"}
"RS_7": {"H":"3.0000"}
"RSbob@example.org_7": {"S":"4"}
"RS_8": {"S":"-1"}
`
	rspamdJSON = `{"pattern": "RS", "meta": {"learns_spam":"20","learns_ham":"10"}, "elts": {
"RS_18446744073709551615": {"S":"20","H":"1"},
"RS_7": {"H":"3"}
}}
`
	bogofilterLines = ".MSG_COUNT 20 10 20261127\n.ENCODING 2 0 20261127\nGarden 0 10 20261127\nsubj:Cheap 20 0 20261127\nfrom:example.org 1 1 20261127\nnever 0 0 20261127\n"
	backup          = "v\t3\tdb_version # this must be the first line!!!\nv\t20\tnum_spam\nv\t10\tnum_nonspam\nt\t20\t0\t1793697072\t5228b3cb04\nt\t0\t9\t1793697072\tfca0727409\ns\ts\t0fc1cebb@sa_generated\n"
)

func read(t *testing.T, kind Kind, text string) *Dump {
	t.Helper()
	d, err := Read(strings.NewReader(text), kind, "", Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestRead(t *testing.T) {
	for _, c := range []struct {
		kind   Kind
		text   string
		others int
		want   []Token
	}{
		{Rspamd, rspamdLines, 1, []Token{{ID: 1<<64 - 1, Spam: 20, Ham: 1}, {ID: 7, Ham: 3}}},
		{Rspamd, rspamdJSON, 0, []Token{{ID: 1<<64 - 1, Spam: 20, Ham: 1}, {ID: 7, Ham: 3}}},
		{Bogofilter, bogofilterLines, 0, []Token{{Word: "Garden", Ham: 10}, {Word: "subj:Cheap", Spam: 20}, {Word: "from:example.org", Spam: 1, Ham: 1}}},
		{SpamAssassin, backup, 0, []Token{{ID: 0x5228b3cb04, Spam: 20}, {ID: 0xfca0727409, Ham: 9}}},
	} {
		d := read(t, c.kind, c.text)
		if d.Spam != 20 || d.Ham != 10 || d.Others != c.others || fmt.Sprint(d.Tokens) != fmt.Sprint(c.want) {
			t.Errorf("%s: %+v", c.kind, d)
		}
	}
	bob, err := Read(strings.NewReader(rspamdLines+`"RSbob@example.org": {"learns_spam":"4"}`), Rspamd, "RSbob@example.org", Limits{})
	if err != nil || bob.Spam != 4 || len(bob.Tokens) != 1 || bob.Others != 4 {
		t.Errorf("a user's: %+v, %v", bob, err)
	}
}

// TestErrors holds that what is wrong is told with its line.
func TestErrors(t *testing.T) {
	for _, c := range []struct {
		kind       Kind
		text, want string
	}{
		{"dspam", "", `"dspam" is none of`},
		{Rspamd, "", "does not say how many messages"},
		{Rspamd, rspamdLines + "x", "line 7: not a key"},
		{Rspamd, "\x28\xb5\x2f\xfd", "line 1: not a key with its fields; a compressed dump"},
		{Rspamd, rspamdLines + `"RS_9": {"S":"x"}`, `line 7: "x" is no count`},
		{Rspamd, rspamdLines + `"RS_9": {"S":"1e300"}`, `line 7: "1e300" is no count`},
		{Rspamd, rspamdLines + `"RS_9": 5`, "line 7: not the fields"},
		{Rspamd, `"RS": {"version":"1"}`, "of version \"1\""},
		{Rspamd, `{"pattern": 5`, "line 1: not the head"},
		{Rspamd, `"RS": {"learns_spam":"5"}` + "\n" + `"RS_1": {"H":"1"}`, "of a class in which no message"},
		{Rspamd, `"RS": {"learns_spam":"10000001"}`, "10000001 spam"},
		{Bogofilter, bogofilterLines + "two fields", "line 7: not a token"},
		{Bogofilter, bogofilterLines + "word -1 0 20261127", `line 7: "-1" is no count`},
		{Bogofilter, bogofilterLines + "word 1 9999999999999999 20261127", "is no count"},
		{Bogofilter, "word 1 0 20261127", "does not say how many messages"},
		{Bogofilter, bogofilterLines + strings.Repeat("x", 20<<10), "line 7: bufio.Scanner: token too long"},
		{SpamAssassin, "t\t1\t1\t1\t5228b3cb04", "line 1: not the version"},
		{SpamAssassin, "v\t2\tdb_version", `of version "2"`},
		{SpamAssassin, backup + "t\t1\t1\t5228b3cb04", "line 7: a token has five fields"},
		{SpamAssassin, backup + "t\t1\t1\t1\t5228b3cb0", "line 7: \"5228b3cb0\" is no token"},
		{SpamAssassin, backup + "t\t1\tx\t1\t5228b3cb04", "line 7: \"x\" is no count"},
		{SpamAssassin, backup + "v\t1", "line 7: a variable without a name"},
		{SpamAssassin, backup + "q\t1", "line 7: neither"},
	} {
		if d, err := Read(strings.NewReader(c.text), c.kind, "", Limits{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %.60q: %+v, %v", c.kind, c.text, d, err)
		}
	}
	if _, err := Read(strings.NewReader(backup), SpamAssassin, "", Limits{Tokens: 1}); err == nil || !strings.Contains(err.Error(), "line 5: more than 1 tokens") {
		t.Errorf("%v", err)
	}
}

// A breaking store fails after some lessons.
type breaking struct {
	storage.Store
	left int
}

var errBroken = errors.New("broken")

func (b *breaking) LearnMany(ctx context.Context, table string, ls []storage.Lesson) ([]storage.Learned, error) {
	n := min(b.left, len(ls))
	b.left -= n
	done, err := b.Store.LearnMany(ctx, table, ls[:n])
	if err == nil && n < len(ls) {
		err = errBroken
	}
	return done, err
}

// TestStore has a store answer the counts of the dump, whatever they are, once,
// also when the import broke off in between.
func TestStore(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int64{1, 2, 3, 5, 8, 1000} {
		d := &Dump{Kind: Rspamd, Spam: n, Ham: n + 3}
		for i := range 9000 {
			d.Tokens = append(d.Tokens, Token{ID: uint64(i) * 0x9e3779b97f4a7c15, Spam: rnd.Int64N(n + 2), Ham: rnd.Int64N(n + 4)})
		}
		d.Tokens = append(d.Tokens, d.Tokens[5], Token{ID: 3, Word: "left"})
		store := storage.NewMemory(storage.MemoryOptions{MaxBytes: 1 << 30})
		broken := &breaking{store, min(int(n)/2+1, 3)}
		id := func(t Token) (uint64, bool) { return t.ID, t.Word == "" }
		done := int64(0)
		progress := func(n, all int64) {
			if n < done || all != d.Spam+d.Ham {
				t.Errorf("%d of %d after %d", n, all, done)
			}
			done = n
		}
		if _, err := d.Store(t.Context(), broken, "t", Classes{"spam", "ham"}, id, nil); !errors.Is(err, errBroken) {
			t.Fatal(err)
		}
		for again := range 2 {
			done = 0
			r, err := d.Store(t.Context(), store, "t", Classes{"spam", "ham"}, id, progress)
			if err != nil || r.Tokens != 9000 || r.Left != 1 || r.Again != (again == 1) || done != d.Spam+d.Ham {
				t.Fatalf("%d messages: %+v, %d done, %v", n, r, done, err)
			}
		}
		ids := make([]uint64, 9000)
		for i := range ids {
			ids[i] = d.Tokens[i].ID
		}
		c, err := store.Counts(t.Context(), "t", ids)
		if err != nil || c.Lessons["spam"] != d.Spam || c.Lessons["ham"] != d.Ham {
			t.Fatalf("%v, %v", c.Lessons, err)
		}
		for i, tok := range d.Tokens[:9000] {
			if i == 5 {
				tok.Spam, tok.Ham = 2*tok.Spam, 2*tok.Ham
			}
			if spam, ham := c.Tokens["spam"][i], c.Tokens["ham"][i]; spam != min(n, tok.Spam) || ham != min(n+3, tok.Ham) {
				t.Fatalf("%d messages: %+v became %d and %d", n, tok, spam, ham)
			}
		}
		store.Close()
	}
	none := func(Token) (uint64, bool) { return 0, false }
	if _, err := read(t, Rspamd, rspamdLines).Store(t.Context(), nil, "t", Classes{"spam", "ham"}, none, nil); !errors.Is(err, ErrUseless) {
		t.Errorf("no token that the model knows: %v", err)
	}
}

// A counting store counts what it is asked to write.
type counting struct {
	storage.Store
	lessons, ids int
}

func (c *counting) LearnMany(ctx context.Context, table string, ls []storage.Lesson) ([]storage.Learned, error) {
	c.lessons += len(ls)
	for _, l := range ls {
		c.ids += len(l.IDs)
	}
	return c.Store.LearnMany(ctx, table, ls)
}

// TestLyingDumps holds that a dump costs what it holds: one that claims millions of
// messages and of each count is written in as few lessons as one of few.
func TestLyingDumps(t *testing.T) {
	for kind, text := range map[Kind]string{
		Rspamd:       `"RS": {"learns_spam":"10000000","learns_ham":"9999999"}` + "\n" + `"RS_1": {"S":"9999999","H":"1048575"}`,
		Bogofilter:   ".MSG_COUNT 10000000 9999999 20261128\nword 9999999 1048575 20261128\n",
		SpamAssassin: "v\t3\tdb_version\nv\t10000000\tnum_spam\nv\t9999999\tnum_nonspam\nt\t9999999\t1048575\t1793697072\t5228b3cb04\n",
	} {
		d := read(t, kind, text)
		store := &counting{Store: storage.NewMemory(storage.MemoryOptions{})}
		one := func(Token) (uint64, bool) { return 1, true }
		done := int64(0)
		r, err := d.Store(t.Context(), store, "t", Classes{"spam", "ham"}, one, func(n, _ int64) { done = n })
		if err != nil || r.Again || done != d.Spam+d.Ham {
			t.Fatalf("%s: %+v, %d done, %v", kind, r, done, err)
		}
		c, err := store.Counts(t.Context(), "t", []uint64{1})
		if err != nil || c.Lessons["spam"] != 10_000_000 || c.Lessons["ham"] != 9_999_999 || c.Tokens["spam"][0] != 9_999_999 || c.Tokens["ham"][0] != 1_048_575 {
			t.Errorf("%s: %+v, %v", kind, c, err)
		}
		if store.lessons > 100 || store.ids > 100 {
			t.Errorf("%s: %d lessons of %d ids for a dump of %d bytes", kind, store.lessons, store.ids, len(text))
		}
		store.Close()
	}
}

func FuzzRead(f *testing.F) {
	for i, text := range []string{rspamdLines, rspamdJSON, bogofilterLines, backup, "", "\x28\xb5\x2f\xfd"} {
		f.Add(uint8(i), text)
		f.Add(uint8(i+1), text)
	}
	f.Fuzz(func(t *testing.T, kind uint8, text string) {
		d, err := Read(strings.NewReader(text), Kinds()[kind%3], "", Limits{Tokens: 100})
		if err != nil {
			return
		}
		if len(d.Tokens) > 100 || d.Spam < 0 || d.Ham < 0 || d.Spam+d.Ham == 0 {
			t.Errorf("%+v", d)
		}
		for _, tok := range d.Tokens {
			if tok.Spam < 0 || tok.Ham < 0 || tok.Spam+tok.Ham == 0 || (tok.Word != "") != (d.Kind == Bogofilter) {
				t.Errorf("%+v", tok)
			}
		}
	})
}
