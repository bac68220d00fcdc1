package dmarcreport

import (
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/dmarc"
	"github.com/winnowmail/winnow/internal/statetest"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/storage"
)

// TestStoreFails: a store that is dead or slow costs what is noted meanwhile, and no
// verdict waits for it; what was noted before and after is reported when it is back.
func TestStoreFails(t *testing.T) {
	for _, state := range []statetest.State{statetest.Dead, statetest.Slow} {
		synctest.Test(t, func(t *testing.T) {
			store := statetest.Wrap(storage.NewMemory(storage.MemoryOptions{}))
			s := scanner(t, After(Options{Store: store}))
			seed := checks.Seed(dmarc.Fact, result(t, "example.org", "v=DMARC1; p=none; rua=mailto:a@example.org"))
			send := func() {
				t.Helper()
				begun := time.Now()
				_, err := s.Scan(t.Context(), &winnow.Message{
					Envelope: mail.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1")}, Body: winnow.FromBytes([]byte("From: a@example.org\r\n\r\n")),
				}, seed)
				if err != nil || time.Since(begun) > 0 {
					t.Errorf("state %d: the scan took %v, %v", state, time.Since(begun), err)
				}
				time.Sleep(time.Minute) // it is noted or given up
			}
			p := &post{}
			report := func() (Summary, error) { return p.sender(store, "").Run(t.Context(), today()) }
			send()
			store.Be(state)
			send()
			if state == statetest.Dead {
				if sum, err := report(); err == nil || sum.Sent != 0 {
					t.Errorf("reported without a store: %+v, %v", sum, err)
				}
			}
			store.Be(statetest.Up)
			send()
			if st := s.AfterStats()[0]; st.Done != 2 || st.Failed != 1 {
				t.Errorf("state %d: %+v", state, st)
			}
			if sum, err := report(); err != nil || sum.Sent != 1 {
				t.Fatalf("state %d: %+v, %v", state, sum, err)
			}
			if _, f := unpack(t, p.mails[0]); len(f.Records) != 1 || f.Records[0].Count != 2 {
				t.Errorf("state %d: records %+v, want one of 2 messages", state, f.Records)
			}
			if err := s.Close(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}
