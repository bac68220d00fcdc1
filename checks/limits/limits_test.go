package limits

import (
	"strings"
	"testing"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/checktest"
	"github.com/winnowmail/winnow/mail"
)

func TestFixtures(t *testing.T) { checktest.Run(t, New().Checks) }

func TestSizeLimit(t *testing.T) {
	raw := []byte("Subject: a\r\n\r\n" + strings.Repeat("text\r\n", 100))
	for limit, want := range map[int64]int{100: 1, 10_000: 0} {
		st := &checks.State{Message: mail.Parse(raw, mail.Envelope{}, mail.Limits{Size: limit})}
		out, err := st.Run(t.Context(), New().Checks[0])
		if err != nil || len(out.Hits) != want {
			t.Errorf("limit %d: %v, %v", limit, out, err)
		}
	}
}
