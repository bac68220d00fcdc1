package redis_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/winnowmail/winnow/internal/redistest"
	"github.com/winnowmail/winnow/storage"
	"github.com/winnowmail/winnow/storage/redis"
)

// hash returns a hash as "field=value", sorted.
func hash(t *testing.T, s *redistest.Server, key string) string {
	t.Helper()
	lines := strings.Split(s.Must("HGETALL", key), "\n")
	var all []string
	for i := 0; i+1 < len(lines); i += 2 {
		all = append(all, lines[i]+"="+lines[i+1])
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func same(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

func TestRspamdBuckets(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	s := open(t, redis.Options{Addrs: []string{server.Addr}, Rspamd: true})
	now := time.UnixMilli(1_700_000_000_000)
	// As Rspamd leaves a bucket with two messages that it has not finished.
	server.Must("HMSET", "RLabc", "l", "1699999999000", "b", "10", "p", "2", "dr", "20000", "db", "5000")
	d := storage.Draw{Rate: 1, Burst: 20, N: 1, Label: "ann"}
	b, err := s.Take(t.Context(), "RLabc", d, now)
	want := storage.Bucket{Level: 10, RateFactor: 2, BurstFactor: .5, Time: now, Filled: now, Label: "ann", First: true}
	if err != nil || b != want {
		t.Errorf("Take: %+v, %v, want %+v", b, err, want)
	}
	same(t, "the bucket", hash(t, server, "RLabc"), "b=8 db=5000 dr=20000 f=1700000000000 l=1700000000000 n=ann p=2")
	if b, err = s.Take(t.Context(), "RLabc", d, now.Add(time.Second)); err != nil || !b.OK || b.Level != 9 {
		t.Errorf("Take a second later: %+v, %v", b, err)
	}
	same(t, "the bucket", hash(t, server, "RLabc"), "b=7 db=5000 dr=20000 f=1700000000000 l=1700000001000 n=ann p=2")
	if _, err := s.Tune(t.Context(), "RLabc", storage.Tuning{Rate: 1.01, MaxRate: 5}, now); err != nil {
		t.Error(err)
	}
	same(t, "the bucket", hash(t, server, "RLabc"), "b=7 db=10000 dr=20200 f=1700000000000 l=1700000001000 n=ann p=2")
	if b, err := s.Take(t.Context(), "RLnew", d, now); err != nil || !b.OK {
		t.Error(b, err)
	}
	same(t, "a new bucket", hash(t, server, "RLnew"), "b=1 db=10000 dr=10000 l=1700000000000 p=0")
	if ttl := server.Must("TTL", "RLnew"); ttl != "172800" && ttl != "172799" {
		t.Errorf("it lives %s s", ttl)
	}
}

// TestRspamdSeries reads and goes on with reputations as Rspamd keeps them, also
// where a field is no number.
func TestRspamdSeries(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	s := open(t, redis.Options{Addrs: []string{server.Addr}, Rspamd: true})
	now := time.UnixMilli(1_700_000_000_000)
	month := []storage.Window{{Name: "1m", Span: 30 * 24 * time.Hour}}
	of := func(name string) storage.Series {
		t.Helper()
		got, err := s.Observed(t.Context(), []storage.SeriesOf{{Name: name, Windows: []string{"1m"}}})
		if err != nil || len(got) != 1 {
			t.Fatal(got, err)
		}
		return got[0]
	}
	observe := func(name string, value float64) {
		t.Helper()
		if err := s.Observe(t.Context(), []storage.Observation{{Series: name, Value: value, Windows: month, TTL: time.Hour}}, now); err != nil {
			t.Error(err)
		}
	}
	server.Must("HMSET", "RR:a:64500", "l", "1697408000000", "v1m", "7.3890560989307", "vx", "1", "n", "41")
	if got := of("RR:a:64500"); got.Count != 41 || got.Time.UnixMilli() != 1697408000000 || got.Values["1m"] != 7.3890560989307 {
		t.Errorf("%+v", got)
	}
	observe("RR:a:64500", 0)
	if got := of("RR:a:64500"); math.Abs(got.Values["1m"]-math.E) > 1e-9 {
		t.Errorf("after a window's time the average is %v", got.Values)
	}
	fields := hash(t, server, "RR:a:64500")
	if !strings.HasPrefix(fields, "l=1700000000000 n=42 v1m=2.718281828") || !strings.HasSuffix(fields, " vx=1") {
		t.Errorf("the series: %q", fields)
	}
	if ttl := server.Must("TTL", "RR:a:64500"); ttl != "3600" && ttl != "3599" {
		t.Errorf("it lives %s s", ttl)
	}
	for _, odd := range [][]string{
		{"l", "x", "n", "3", "v1m", "5"}, {"l", "1", "n", "-1", "v1m", "nan"}, {"l", "inf", "n", "1e400", "v1m", "-inf"},
		{"n", "0x10", "v1m", ""}, {"l", "", "n", "\x00", "v1m", "1e999"},
	} {
		server.Must(append([]string{"HMSET", "RR:odd"}, odd...)...)
		if got := of("RR:odd"); math.IsInf(got.Values["1m"], 0) || got.Count < 0 {
			t.Errorf("%q: %+v", odd, got)
		}
		observe("RR:odd", 3)
		if got := of("RR:odd"); got.Count < 1 || got.Values["1m"] != 3 || !got.Time.Equal(now) {
			t.Errorf("%q: %+v afterwards", odd, got)
		}
		server.Must("DEL", "RR:odd")
	}
	server.Must("SET", "RR:text", "x")
	_, read := s.Observed(t.Context(), []storage.SeriesOf{{Name: "RR:text", Windows: []string{"1m"}}})
	write := s.Observe(t.Context(), []storage.Observation{{Series: "RR:text", Value: 1, Windows: month}}, now)
	if read == nil || write == nil || server.Must("GET", "RR:text") != "x" {
		t.Errorf("a key of another type: %v, %v", read, write)
	}
}

func TestRspamdTokens(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	s := open(t, redis.Options{Addrs: []string{server.Addr}, Rspamd: true})
	// What Rspamd has learned before.
	server.Must("HMSET", "RS", "learns_spam", "7", "learns_ham", "3", "version", "2")
	server.Must("HMSET", "RS_18446744073709551615", "S", "5", "H", "1", "tokens", "word")
	server.Must("SET", "RS_x", "not a token")
	ids := []uint64{math.MaxUint64, 9007199254740993}
	counts, err := s.Counts(t.Context(), "RS", ids)
	if err != nil || counts.Lessons["spam"] != 7 || counts.Lessons["ham"] != 3 ||
		!slices.Equal(counts.Tokens["spam"], []int64{5, 0}) || !slices.Equal(counts.Tokens["ham"], []int64{1, 0}) {
		t.Errorf("Counts: %+v, %v", counts, err)
	}
	learn := func(class string) {
		t.Helper()
		if _, err := s.Learn(t.Context(), "RS", storage.Lesson{Message: "m", Class: class, IDs: ids, Weight: 2}); err != nil {
			t.Error(err)
		}
	}
	learn("spam")
	same(t, "a token", hash(t, server, "RS_18446744073709551615"), "H=1 S=7 tokens=word")
	same(t, "a token", hash(t, server, "RS_9007199254740993"), "S=2")
	same(t, "the table", hash(t, server, "RS"), "learns_ham=3 learns_spam=8 version=2")
	same(t, "the tables", server.Must("SMEMBERS", "BAYES_SPAM_keys"), "RS")
	learn("ham")
	same(t, "a token", hash(t, server, "RS_9007199254740993"), "H=2")
	learn("")
	same(t, "a token", hash(t, server, "RS_18446744073709551615"), "H=1 S=5 tokens=word")
	same(t, "a token that nobody has", server.Must("EXISTS", "RS_9007199254740993"), "0")
	same(t, "the table", hash(t, server, "RS"), "learns_ham=3 learns_spam=7 version=2")
	if err := s.DropTable(t.Context(), "RS"); err != nil {
		t.Error(err)
	}
	same(t, "what is left", server.Must("KEYS", "*"), "RS_x")
}

// TestRspamdLearned knows what Rspamd notes of what it has learned, and tells it, in the
// form of 3.4 and in that of later ones.
func TestRspamdLearned(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	s := open(t, redis.Options{Addrs: []string{server.Addr}, Rspamd: true})
	long, short := strings.Repeat("y", 103), strings.Repeat("b", 32)
	for _, c := range []struct{ alias, other, spam, ham, at string }{
		{long, strings.Repeat("n", 103), "1", "-1", "learned_ids"},
		{short, strings.Repeat("d", 32), "1", "0", "learned_idsXX"},
	} {
		server.Must("FLUSHALL")
		server.Must("HSET", "RS_7", "S", "3")
		server.Must("HMSET", "RS", "learns_spam", "3", "learns_ham", "0")
		server.Must("HSET", c.at, c.alias, c.spam)
		learn := func(class string, want storage.Learned) {
			t.Helper()
			l := storage.Lesson{Message: "m", Class: class, IDs: []uint64{7}, Aliases: []string{c.other, c.alias}}
			if got, err := s.Learn(t.Context(), "RS", l); err != nil || got != want {
				t.Errorf("%q: %+v, %v, want %+v", class, got, err, want)
			}
			for _, name := range []string{c.alias, "m"} {
				if got, err := s.Lesson(t.Context(), "RS", name); err != nil || name == c.alias && got != class {
					t.Errorf("%.5q is noted as %q, %v, want %q", name, got, err, class)
				}
			}
		}
		learn("spam", storage.Learned{Was: "spam"})
		learn("ham", storage.Learned{Was: "spam", Changed: true})
		same(t, "the table", hash(t, server, "RS"), "learns_ham=1 learns_spam=2 version=2")
		same(t, "the token", hash(t, server, "RS_7"), "H=1 S=2")
		same(t, "the note", server.Must("HGET", c.at, c.alias), c.ham)
		same(t, "the note of another order", server.Must("HGET", "learned_ids", c.other), c.ham)
		server.Must("HSET", c.at, c.alias, c.spam)
		server.Must("HSET", "learned_ids", c.other, c.spam) // Rspamd moved it.
		before := s.Stats().Calls
		if got, err := s.LessonAs(t.Context(), "RS", "m", []string{"unknown", c.other, c.alias}); err != nil || got != "spam" {
			t.Errorf("Rspamd moved it to %q, %v", got, err)
		}
		if trips := s.Stats().Calls - before; trips != 1 {
			t.Errorf("%d trips for three aliases", trips)
		}
		learn("spam", storage.Learned{Was: "spam"})
		learn("", storage.Learned{Was: "spam", Changed: true})
		same(t, "the notes", server.Must("EXISTS", "learned_ids", c.at), "0")
		learn("", storage.Learned{})
	}
}

// TestRspamdLearnedIsFull takes the oldest of six full hashes away, as Rspamd does.
func TestRspamdLearnedIsFull(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	server.Must("EVAL", `for i = 0, 5 do for j = 1, 10000 do redis.call('HSET', 'learned_ids' .. string.rep('X', i), i .. '.' .. j, '1') end end`, "0")
	s := open(t, redis.Options{Addrs: []string{server.Addr}, Rspamd: true}) // It would hold a server that is busy for one that is down.
	for _, class := range []string{"spam", "news"} {
		alias := strings.Repeat(class, 8)
		if _, err := s.Learn(t.Context(), "RS", storage.Lesson{Message: class, Class: class, IDs: []uint64{7}, Aliases: []string{alias}}); err != nil {
			t.Error(err)
		}
		same(t, class, server.Must("HGET", "learned_idsXXXXX", alias), map[string]string{"spam": "1", "news": "news"}[class])
	}
	same(t, "the first", server.Must("HEXISTS", "learned_ids", "1.1"), "1")
	same(t, "the last", server.Must("HLEN", "learned_idsXXXXX"), "2")
	if err := s.DropTable(t.Context(), "RS"); err != nil {
		t.Error(err)
	}
	same(t, "what is left", server.Must("KEYS", "learned*"), "")
}

func TestRspamdLists(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	s := open(t, redis.Options{Addrs: []string{server.Addr}, Rspamd: true})
	for _, item := range []string{"1", "2", "3"} {
		if err := s.Push(t.Context(), "rs_history_zst", []byte(item), 2); err != nil {
			t.Error(err)
		}
		if err := s.Rank(t.Context(), "rs_known_senders", item, 1.5, 2, time.Hour); err != nil {
			t.Error(err)
		}
	}
	same(t, "the history", server.Must("LRANGE", "rs_history_zst", "0", "-1"), "3\n2")
	same(t, "the senders", server.Must("ZRANGE", "rs_known_senders", "0", "-1", "WITHSCORES"), "2\n1.5\n3\n1.5")
}

func TestRspamdLayoutIsNotForClusters(t *testing.T) {
	for _, o := range []redis.Options{
		{Addrs: []string{"127.0.0.1:1"}, Cluster: true, Rspamd: true},
		{Addrs: []string{"127.0.0.1:1", "127.0.0.1:2"}, Rspamd: true},
	} {
		if _, err := redis.Open(t.Context(), o); !errors.Is(err, redis.ErrOptions) || !strings.Contains(err.Error(), "Rspamd") {
			t.Errorf("Open: %v", err)
		}
	}
}

// TestCountsBeyondSmallNumbers adds counts that Lua's numbers can't hold and
// one that does not fit into 64 bits, which changes nothing.
func TestCountsBeyondSmallNumbers(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	for _, rspamd := range []bool{false, true} {
		s := open(t, redis.Options{Addrs: []string{server.Addr}, Rspamd: rspamd})
		ids := []uint64{1, 2, 1<<53 + 1}
		learn := func(message, class string, weight int64, ids ...uint64) error {
			_, err := s.Learn(t.Context(), "t", storage.Lesson{Message: message, Class: class, IDs: ids, Weight: weight})
			return err
		}
		counted := func(what string, want ...int64) {
			t.Helper()
			counts, err := s.Counts(t.Context(), "t", ids)
			if err != nil || !slices.Equal(counts.Tokens["spam"], want) {
				t.Errorf("%s: %v, %v, want %v", what, counts.Tokens["spam"], err, want)
			}
		}
		const large = 1<<53 + 1
		if err := learn("large", "spam", large, ids...); err != nil {
			t.Error(err)
		}
		counted("a large weight", large, large, large)
		if err := learn("small", "spam", 1, ids...); err != nil {
			t.Error(err)
		}
		counted("one more", large+1, large+1, large+1)
		if err := learn("last", "spam", math.MaxInt64-large-1, ids[2]); err != nil {
			t.Error(err)
		}
		if err := learn("too much", "spam", 1, ids...); !errors.Is(err, storage.ErrNotNumber) {
			t.Errorf("a count beyond 64 bits: %v", err)
		}
		counted("after that", large+1, large+1, math.MaxInt64)
		if counts, err := s.Counts(t.Context(), "t", nil); err != nil || counts.Lessons["spam"] != 3 {
			t.Errorf("%+v, %v", counts, err)
		}
		if err := learn("last", "", 0); err != nil {
			t.Error(err)
		}
		counted("taken back", large+1, large+1, large+1)
	}
}
