package bayes

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/winnowmail/winnow/internal/redistest"
	"github.com/winnowmail/winnow/storage"
	"github.com/winnowmail/winnow/storage/redis"
)

// A process of TestProcesses has the server's address, its number and how many
// lessons there are. The test takes another number of lessons from childLessons, for
// a run by hand.
const (
	childRedis   = "WINNOW_TEST_REDIS"
	childNumber  = "WINNOW_TEST_NUMBER"
	childLessons = "WINNOW_TEST_LESSONS"
)

// implicit is a lesson whose label is believed however well the model knows it.
func implicit(l *Learner, n int) Lesson {
	lesson := lesson(l, n, classOf(n))
	lesson.Source = Kept
	if classOf(n) == Spam {
		lesson.Source = Trap
	}
	return lesson
}

// learnAndTell learns all lessons, begins where others do not, and tells its tables
// when all are done.
func learnAndTell(addr string) error {
	ctx := context.Background()
	number, err := strconv.Atoi(os.Getenv(childNumber))
	lessons, err2 := strconv.Atoi(os.Getenv(childLessons))
	store, err3 := redis.Open(ctx, redis.Options{Addrs: []string{addr}, Connect: true, Timeout: time.Minute, DialTimeout: time.Minute})
	if err := errors.Join(err, err2, err3); err != nil {
		return err
	}
	l, err := Open(ctx, Options{Store: store, SnapshotEvery: 50, bits: smallBits})
	if err != nil {
		return err
	}
	for i := range lessons {
		if _, err := l.Learn(ctx, implicit(l, (i+number*lessons/3)%lessons)); err != nil {
			return err
		}
	}
	fmt.Println("done")
	if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil && err != io.EOF {
		return err
	}
	if err := l.poll(ctx); err != nil {
		return err
	}
	data, err := l.tables.MarshalBinary()
	fmt.Printf("%x %d\n", sha256.Sum256(data), l.Stats().Events)
	return err
}

// TestProcesses has three processes learn the same mails on one server at once: a
// mail counts once, and all have the same tables to the byte.
func TestProcesses(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, "--appendonly", "yes")
	lessons := cmp.Or(os.Getenv(childLessons), "60")
	began := time.Now()
	var stdin [3]io.WriteCloser
	var stdout [3]*bufio.Reader
	for i := range stdin {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childRedis+"="+server.Addr, childNumber+"="+strconv.Itoa(i), childLessons+"="+lessons)
		cmd.Stderr = os.Stderr
		in, err := cmd.StdinPipe()
		out, err2 := cmd.StdoutPipe()
		if err := errors.Join(err, err2, cmd.Start()); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
		stdin[i], stdout[i] = in, bufio.NewReader(out)
	}
	for i, r := range stdout {
		if line, err := r.ReadString('\n'); line != "done\n" {
			t.Fatalf("process %d: %q, %v", i, line, err)
		}
	}
	t.Logf("%s lessons by three processes: %v", lessons, time.Since(began))
	store := redisStore(t, redis.Options{Addrs: []string{server.Addr}})
	late := open(t, Options{Store: store})
	want := fmt.Sprintf("%x %s\n", sha256.Sum256(tables(t, late)), lessons)
	for i, r := range stdout {
		stdin[i].Close()
		if line, err := r.ReadString('\n'); line != want {
			t.Errorf("process %d: %q, %v, want %q", i, line, err, want)
		}
	}
}

func redisStore(t *testing.T, o redis.Options) *redis.Store {
	t.Helper()
	o.Connect = true
	return redistest.Open(t, o)
}

// together holds that Learners have the tables of one that begins anew, in which
// the lessons count once.
func together(t *testing.T, store Store, lessons int, all ...*Learner) {
	t.Helper()
	late := open(t, Options{Store: store})
	// A store that was away a moment ago may not have answered yet.
	redistest.Await(t, "a new Learner has its tables", func() bool { return late.Wake(t.Context()) == nil })
	for i, l := range all {
		redistest.Await(t, "the journal is read", func() bool { return l.poll(t.Context()) == nil })
		if !bytes.Equal(tables(t, l), tables(t, late)) {
			t.Errorf("Learner %d has other tables", i)
		}
	}
	if n := late.Stats().Events; n != uint64(lessons) {
		t.Errorf("%d events of %d lessons", n, lessons)
	}
}

// TestFailover kills the master while two Learners learn: what was acknowledged is
// there, and counts once.
func TestFailover(t *testing.T) {
	t.Parallel()
	g := redistest.Sentinel(t)
	store := redisStore(t, redis.Options{Addrs: []string{g.Sentinel.Addr}, Master: "mymaster", Acks: 1, Timeout: time.Second, DialTimeout: time.Second})
	const lessons = 40
	all := []*Learner{open(t, Options{Store: store, SnapshotEvery: 20}), open(t, Options{Store: store, SnapshotEvery: 20})}
	reached := make(chan struct{})
	var wg sync.WaitGroup
	for i, l := range all {
		wg.Go(func() {
			for n := i; n < lessons; n += 2 {
				if n == lessons/2 {
					close(reached)
				}
				redistest.Await(t, "a lesson", func() bool { _, err := l.Learn(t.Context(), implicit(l, n)); return err == nil })
			}
		})
	}
	<-reached
	g.Master.Kill()
	g.Failover()
	g.Master.Restart()
	g.Master.Follow(g.Replica) // and acknowledges
	g.Replica.Await("connected_slaves:1", "INFO", "replication")
	wg.Wait()
	together(t, store, lessons, all...)
	for n := range lessons {
		if note, _, err := all[0].noted(t.Context(), implicit(all[0], n).Message); err != nil || note.class != classOf(n) {
			t.Errorf("lesson %d is noted as %q: %v", n, note.class, err)
		}
	}
}

// TestRedisAway: while the server is away scans go on by what is in memory, lessons
// fail, and afterwards all is as before.
func TestRedisAway(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, "--appendonly", "yes")
	store := redisStore(t, redis.Options{Addrs: []string{server.Addr}})
	l := open(t, Options{Store: store})
	for n := range 4 {
		if _, err := l.Learn(t.Context(), implicit(l, n)); err != nil {
			t.Fatal(err)
		}
	}
	f := implicit(l, 9).Features
	before := l.Judge(f, "")
	server.Kill()
	if _, err := l.Learn(t.Context(), implicit(l, 4)); err == nil {
		t.Error("a server that is away learned")
	}
	if now := l.Judge(f, ""); now.LogOdds != before.LogOdds {
		t.Errorf("log-odds %v, were %v", now.LogOdds, before.LogOdds)
	}
	server.Restart()
	redistest.Await(t, "a lesson", func() bool { _, err := l.Learn(t.Context(), implicit(l, 4)); return err == nil })
	together(t, store, 5, l)
}

// A moved store is one whose server can be replaced by another.
type moved struct{ Store }

// TestLostEntries: a server that takes over lacks the last lessons, and others take
// their numbers. Who applied them reads everything anew.
func TestLostEntries(t *testing.T) {
	t.Parallel()
	old, fresh := memory(t), memory(t)
	first, second := &moved{old}, &moved{old}
	a, b := open(t, Options{Store: first}), open(t, Options{Store: second})
	handed := open(t, Options{Store: fresh})
	for n := range 4 {
		for _, l := range []*Learner{a, handed} {
			if n == 3 && l == handed {
				continue // not handed on
			}
			if _, err := l.Learn(t.Context(), implicit(l, n)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := b.poll(t.Context()); err != nil {
		t.Fatal(err)
	}
	first.Store, second.Store = fresh, fresh
	for n, l := range []*Learner{4: a, 5: b, 6: a} {
		if l == nil {
			continue
		}
		if _, err := l.Learn(t.Context(), implicit(l, n)); err != nil {
			t.Fatal(err)
		}
	}
	together(t, fresh, 6, a, b, handed)
	if r, err := b.Learn(t.Context(), implicit(b, 3)); err != nil || r.Outcome != Learned {
		t.Errorf("the lost lesson, given again: %+v, %v", r, err)
	}
	together(t, fresh, 7, a, b)
}

var _ storage.Log = moved{}
