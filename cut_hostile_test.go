package winnow_test

import (
	"bytes"
	"context"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/gtube"
	"github.com/winnowmail/winnow/checks/limits"
	"github.com/winnowmail/winnow/internal/hostile"
	"github.com/winnowmail/winnow/internal/worktest"
)

// gtubeText is the test string as its authors publish it.
const gtubeText = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"

// beside returns a message of two parts: a line of text before the one part of
// another message.
func beside(text string, attached []byte) []byte {
	at := bytes.Index(attached, []byte("Content-Type:"))
	return slices.Concat(attached[:at], []byte("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n"+text+"\r\n--b\r\n"),
		attached[at:], []byte("\r\n--b--\r\n"))
}

// shape returns the hostile shape of a name.
func shape(t *testing.T, name string) hostile.Shape {
	t.Helper()
	all := hostile.Shapes()
	i := slices.IndexFunc(all, func(s hostile.Shape) bool { return s.Name == name })
	if i < 0 {
		t.Fatalf("no shape %q", name)
	}
	return all[i]
}

// What was cut off of a message is said beside what was cut off of the checks:
// a check that ate the time does not hide that a container asked for more than
// its size allows.
func TestLimitBesideCut(t *testing.T) {
	raw := shape(t, "7z sizes again").Mail(16 << 10)
	for name, stage := range map[string]checks.Stage{"early": checks.Early, "main": checks.Main, "late": checks.Late} {
		synctest.Test(t, func(t *testing.T) {
			hangs := run("hangs", untilItsEnd)
			hangs.Stage, hangs.Heavy = stage, stage == checks.Main
			archives := run("archives", func(_ context.Context, t *checks.Task) error {
				for _, p := range t.Message().Parts() {
					p.Archive()
				}
				return nil
			})
			o := options(append(limits.New().Checks, hangs, archives)...)
			res := scan(t, o, &winnow.Message{Body: winnow.FromBytes(raw)})
			cut := slices.ContainsFunc(res.Incomplete, func(i winnow.Incomplete) bool { return i.Check == "hangs" })
			if !cut || res.Action != actions.SoftReject || !res.Has("LIMIT_EXCEEDED") {
				t.Errorf("%s: %v, incomplete %v, LIMIT_EXCEEDED %v", name, res.Action, res.Incomplete, res.Has("LIMIT_EXCEEDED"))
			}
		})
	}
}

// GTUBE is found beside every container that makes a reader work, with all
// checks, and where a heavy check never ends.
func TestGTUBEBesideContainers(t *testing.T) {
	s := newScanner(t, builtin())
	defer closeNow(t, s)
	for _, sh := range hostile.Shapes() {
		res, err := s.Scan(t.Context(), &winnow.Message{Envelope: envelope(), Body: winnow.FromBytes(beside(gtubeText, sh.Mail(16<<10)))})
		if err != nil {
			t.Fatal(err)
		}
		if res.Action != actions.Reject || !res.Has("GTUBE") {
			t.Errorf("%s: %v, GTUBE %v", sh.Name, res.Action, res.Has("GTUBE"))
		}
	}
	raw := beside(gtubeText, shape(t, "zip one in another").Mail(64<<10))
	synctest.Test(t, func(t *testing.T) {
		hangs := run("hangs", untilItsEnd)
		hangs.Heavy = true
		begun := time.Now()
		res := scan(t, options(append(gtube.New(gtube.Options{}).Checks, hangs)...), &winnow.Message{Body: winnow.FromBytes(raw)})
		if took := time.Since(begun); res.Action != actions.Reject || took != 0 || !strings.Contains(res.Reply.Text, "Gtube") {
			t.Errorf("%v %q after %v", res.Action, res.Reply.Text, took)
		}
	})
}

// An early check of the message alone that hangs holds up GTUBE's reject no longer
// than the scanner's patience, whatever its priority and whatever waits for DNS
// behind it. What hung is named, and when it returns it changes nothing.
func TestGTUBEBesideHangingCheck(t *testing.T) {
	raw := []byte("Subject: x\r\n\r\n" + gtubeText + "\r\n")
	for _, priority := range []int{200, 100, 50} {
		for _, obeys := range []bool{true, false} {
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				hangs := run("hangs", func(ctx context.Context, task *checks.Task) error {
					if obeys {
						<-ctx.Done()
					} else {
						<-release
					}
					task.PreResult(actions.PreResult{Action: actions.NoAction, Message: "too late"})
					return nil
				})
				waits := run("waits", untilItsEnd)
				waits.Needs.DNS = true
				hangs.Stage, hangs.Priority = checks.Early, priority
				waits.Stage, waits.Priority = checks.Early, 9
				begun := time.Now()
				s := newScanner(t, options(append(gtube.New(gtube.Options{}).Checks, hangs, waits)...))
				res, err := s.Scan(t.Context(), &winnow.Message{Body: winnow.FromBytes(raw)})
				if err != nil {
					t.Fatal(err)
				}
				if took := time.Since(begun); res.Action != actions.Reject || took > time.Second || !res.Has("GTUBE") {
					t.Errorf("priority %d, obeys %v: %v %q after %v", priority, obeys, res.Action, res.Reply.Text, took)
				}
				named := slices.ContainsFunc(res.Incomplete, func(i winnow.Incomplete) bool { return i.Check == "hangs" })
				if above := priority >= 100; named != above {
					t.Errorf("priority %d: incomplete %v", priority, res.Incomplete)
				}
				close(release)
				closeNow(t, s)
			})
		}
	}
}

// TestMemoryOfScans: a scan with all checks takes no more than three times a
// message's size and 16 MiB. What is allocated in all bounds what is held at any
// time; the message itself is the third.
func TestMemoryOfScans(t *testing.T) {
	o := builtin()
	o.Timeout = time.Hour // on however busy a machine
	s := newScanner(t, o)
	defer closeNow(t, s)
	for _, name := range []string{"html hidden text", "html targets", "html links in links around text", "charset text"} {
		raw := shape(t, name).Mail(worktest.Size(4 << 20))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := s.Scan(t.Context(), &winnow.Message{Envelope: envelope(), Body: winnow.FromBytes(raw)}); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		taken := after.TotalAlloc - before.TotalAlloc
		t.Logf("%-32s %4.1f MiB, %4.1f MiB allocated", name, float64(len(raw))/(1<<20), float64(taken)/(1<<20))
		if most := uint64(2*len(raw) + 16<<20); taken > most {
			t.Errorf("%s: %d bytes for a message of %d", name, taken, len(raw))
		}
	}
}
