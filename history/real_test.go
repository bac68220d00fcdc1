package history

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/internal/redistest"
	"github.com/winnowmail/winnow/storage"
	"github.com/winnowmail/winnow/storage/bolt"
	"github.com/winnowmail/winnow/storage/redis"
)

func openRedis(t *testing.T, addr string) *redis.Store {
	t.Helper()
	return redistest.Open(t, redis.Options{Addrs: []string{addr}, Rspamd: true})
}

// TestTwoScannersOneRedis keeps one history, list or journal.
func TestTwoScannersOneRedis(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	for name, o := range map[string]Options{"list": {Key: Key("")}, "journal": {Rows: 50}} {
		t.Run(name, func(t *testing.T) {
			var sites [2]*site
			for i := range sites {
				o := o
				o.Store = openRedis(t, server.Addr)
				sites[i] = newSite(t, o)
			}
			var wg sync.WaitGroup
			for i, s := range sites {
				wg.Go(func() {
					for n := range 20 {
						s.scan(mailOf(fmt.Sprint(i, "-", n), "ann@example.org", "bad", "bob@example.com"))
					}
				})
			}
			wg.Wait()
			for _, s := range sites {
				if rows, err := s.Search(t.Context(), Query{Symbol: "BAD"}); err != nil || len(rows) != 40 {
					t.Errorf("%d rows, %v", len(rows), err)
				}
				if got := s.found(Query{MessageID: "1-3@example.org"}); got != "1-3" {
					t.Errorf("found %q", got)
				}
			}
			if err := sites[0].Reset(t.Context()); err != nil || sites[1].found(Query{}) != "" {
				t.Errorf("after a reset: %v", err)
			}
		})
	}
}

// TestListIsTrimmed holds the key to what Rspamd's LTRIM leaves.
func TestListIsTrimmed(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	s := newSite(t, Options{Key: Key("mx"), Store: openRedis(t, server.Addr)})
	for i := range DefaultRows + 5 {
		data, err := s.codec.encode(&Row{Subject: fmt.Sprint(i)})
		if err == nil {
			err = s.shelf.add(t.Context(), &winnow.Result{}, data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if n := server.Must("LLEN", "rs_historymx_zst"); n != "200" {
		t.Errorf("%s items", n)
	}
	if rows, err := s.Latest(t.Context(), 198, -1); err != nil || len(rows) != 2 || !strings.Contains(string(rows[1]), `"subject":"5"`) {
		t.Errorf("%s, %v", rows, err)
	}
}

// TestRedisDies goes on without rows, and with them when the server is back.
func TestRedisDies(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, "--appendonly", "yes")
	s := newSite(t, Options{Key: Key(""), Store: openRedis(t, server.Addr)})
	s.scan(mailOf("1", "ann@example.org", "bad", "bob@example.com"))
	server.Kill()
	if r := s.scan(mailOf("2", "ann@example.org", "bad", "bob@example.com")); r.Action != actions.AddHeader {
		t.Errorf("action %s", r.Action)
	}
	server.Restart()
	redistest.Await(t, "a row is kept again", func() bool {
		done := s.scanner.AfterStats()[0].Done
		s.scan(mailOf("3", "ann@example.org", "bad", "bob@example.com"))
		return s.scanner.AfterStats()[0].Done > done
	})
	if got := s.found(Query{}); got != "3 1" && !strings.HasPrefix(got, "3 ") {
		t.Errorf("rows %q", got)
	}
	if st := s.scanner.AfterStats()[0]; st.Failed == 0 {
		t.Errorf("%+v", st)
	}
}

const childFile = "HISTORY_TEST_FILE"

// TestMain is the process of TestKilled that is killed, if it is to be.
func TestMain(m *testing.M) {
	if file := os.Getenv(childFile); file != "" {
		fmt.Fprintln(os.Stderr, keepOn(file))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// keepOn keeps rows, and prints the numbers of those that were acknowledged.
func keepOn(file string) error {
	store, err := bolt.Open(file, bolt.Options{})
	if err != nil {
		return err
	}
	h, err := New(Options{Store: store, Rows: 1 << 20})
	if err != nil {
		return err
	}
	failed := make(chan error)
	for w := range 8 {
		go func() {
			for i := w; ; i += 8 {
				data, err := h.codec.encode(&Row{MessageID: fmt.Sprint(i)})
				if err == nil {
					err = h.shelf.add(context.Background(), nil, data)
				}
				if err != nil {
					failed <- err
				}
				fmt.Println(i)
			}
		}()
	}
	return <-failed
}

// TestKilled kills a process that keeps rows, in the middle of a block: what it had
// acknowledged is found.
func TestKilled(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "state")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env, cmd.Stderr = append(os.Environ(), childFile+"="+file), os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	acknowledged := map[string]bool{}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		acknowledged[lines.Text()] = true
		if len(acknowledged) == 2*block+100 {
			_ = cmd.Process.Kill()
		}
	}
	_ = cmd.Wait()
	store, err := bolt.Open(file, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	h, err := New(Options{Store: store, Rows: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := h.Search(t.Context(), Query{Limit: MaxLimit})
	if err != nil || len(acknowledged) < 2*block {
		t.Fatalf("%d acknowledged, %v", len(acknowledged), err)
	}
	for _, r := range rows {
		delete(acknowledged, r.MessageID)
	}
	if len(acknowledged) > 0 {
		t.Errorf("%d rows are lost of those acknowledged", len(acknowledged))
	}
	if rows, err := h.Search(t.Context(), Query{MessageID: "17"}); err != nil || len(rows) != 1 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
}

// BenchmarkBolt keeps rows by so many scans at once as a busy server has.
func BenchmarkBolt(b *testing.B) {
	store, err := bolt.Open(filepath.Join(b.TempDir(), "state"), bolt.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	h, err := New(Options{Store: store, Age: 30 * 24 * time.Hour})
	if err != nil {
		b.Fatal(err)
	}
	row := &Row{Subject: "x", RcptSMTP: Strings{"bob@example.com"}, Symbols: Symbols{}}
	for i := range 25 {
		name := fmt.Sprint("SYMBOL_", i)
		row.Symbols[name] = Symbol{Name: name, Description: "a sentence about the symbol " + name, Options: Strings{"option"}}
	}
	b.SetParallelism(8)
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			own := *row
			own.MessageID = fmt.Sprint(i, "@example.org")
			data, err := h.codec.encode(&own)
			if err == nil {
				err = h.shelf.add(b.Context(), nil, data)
			}
			if err != nil {
				b.Error(err)
			}
		}
	})
	st, err := store.LogState(b.Context(), rowsLog)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(st.Bytes)/float64(st.Next-st.First), "B/row")
}

var _ Store = storage.Store(nil)
