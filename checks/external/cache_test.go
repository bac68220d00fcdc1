package external

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/storage"
)

// TestCache: what was said of some bytes holds for the next message with them,
// but for answers that depend on the envelope and for failures.
func TestCache(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	store := storage.NewMemory(storage.MemoryOptions{Clock: func() time.Time { return now }})
	asked := map[string]int{}
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		asked[strings.Split(address, ":")[0]]++
		return scripted(ctx, network, address)
	}
	scan := func(list []Rule, message string) (said []string) {
		state := stateOf(message)
		state.Store = func(*checks.Check) storage.Store { return store }
		for _, c := range New(Options{Rules: list, Dial: dial}).Checks {
			out, err := state.Run(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			for _, h := range out.Hits {
				said = append(said, fmt.Sprint(h.Def.Name, h.Factor, h.Options, len(h.Evidence)))
			}
		}
		return said
	}
	const doc = "Content-Type: application/msword\r\n\r\n olefy=spam razor=spam icap=spam spamd=spam pyzor=spam\r\n"
	first := fmt.Sprint(scan(rules(), doc))
	if again := fmt.Sprint(scan(rules(), doc)); again != first || !strings.Contains(first, "OLETOOLS1 [AutoExec + Suspicious (AutoOpen,Shell)] 1") {
		t.Errorf("first %s, then %s", first, again)
	}
	if got := fmt.Sprint(asked); got != "map[dcc:2 icap:1 olefy:1 p0f:1 pyzor:1 razor:1 rspamd:2 spamd:1]" {
		t.Errorf("asked %s", got)
	}
	now = now.Add(90 * time.Minute) // spamd and ICAP are asked anew
	scan(rules(), doc)
	list := rules()
	for i := range list {
		list[i].Expire = -1
	}
	scan(list, doc)
	if got := fmt.Sprint(asked); got != "map[dcc:4 icap:3 olefy:2 p0f:2 pyzor:2 razor:2 rspamd:4 spamd:3]" {
		t.Errorf("asked %s", got)
	}
	clear(asked)
	const down = "X: razor=reset\r\n\r\nhello\r\n"
	scan(rules(), down)
	if scan(rules(), down); asked["razor"] != 4 || asked["pyzor"] != 1 {
		t.Errorf("asked %v after failures", asked)
	}
}

// TestManyParts: what the parts have in common is asked once, and a note says
// that there were more.
func TestManyParts(t *testing.T) {
	var b strings.Builder
	b.WriteString("Content-Type: multipart/mixed; boundary=b\r\n\r\n")
	for i := range 40 {
		fmt.Fprintf(&b, "--b\r\nContent-Type: application/msword\r\n\r\nolefy=spam number %d\r\n", i/2)
	}
	asked := 0
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		asked++
		return scripted(ctx, network, address)
	}
	state := stateOf(b.String() + "--b--\r\n")
	f := New(Options{Rules: []Rule{{Type: Oletools, Servers: []string{"olefy:1"}}}, Dial: dial})
	out, err := state.Run(t.Context(), f.Checks[0])
	if err != nil || asked != maxParts/2 || len(out.Hits) == 0 || len(out.Notes) != 1 {
		t.Errorf("asked %d times, %d hits, notes %v, %v", asked, len(out.Hits), out.Notes, err)
	}
}
