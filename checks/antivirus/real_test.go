package antivirus

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/internal/clamdtest"
)

// locked is a ZIP file whose one member is encrypted: all that its header says.
func locked(t *testing.T) []byte {
	t.Helper()
	b, err := hex.DecodeString("504b03041400010000000000210000000000140000000800000005000000612e747874" + "000102030405060708090a0b0c0d0e0f10111213" +
		"504b010214001400010000000000210000000000140000000800000005000000000000000000000000000000000000000000612e747874" +
		"504b0506000000000100010033000000370000000000")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestRealClamd: the protocol is what clamd speaks, in one session after the other
// question, over both kinds of sockets.
func TestRealClamd(t *testing.T) {
	unix, tcp := clamdtest.Start(t)
	const virus = `CLAM_VIRUS(Winnow.Eicar.UNOFFICIAL) reject: ClamAV FOUND VIRUS "Winnow.Eicar.UNOFFICIAL"`
	for _, server := range []string{unix, tcp} {
		r := Mailserver(server)
		r.Timeout = 20 * time.Second
		s := rule(t, r)
		zip := "Content-Type: application/zip; name=a.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.StdEncoding.EncodeToString(locked(t))
		for i, c := range []struct{ message, want string }{
			{whole + "hello", ""},
			{"Content-Type: application/octet-stream; name=eicar.com\r\n\r\n" + clamdtest.Eicar, virus},
			{"Content-Type: application/octet-stream; name=eicar.com\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + strings.ReplaceAll(clamdtest.Eicar, "$", "=24"), virus},
			{whole + strings.Repeat("0123456789abcde\n", 3<<16), "CLAM_VIRUS_FAIL(larger than clamd takes)"},
			{whole + "hello again", ""},
			{zip, `CLAM_VIRUS_ENCRYPTED(File is encrypted) reject: ClamAV FOUND VIRUS "File is encrypted"`},
		} {
			if got := said(run(t, s.check(), nil, c.message)); got != c.want {
				t.Errorf("%s, message %d: %s, want %s", server, i, got, c.want)
			}
		}
		if n := len(s.pool.idle); n != 1 || s.pool.idle[0].asked != 2 {
			t.Errorf("%s: %d connections are kept: %+v", server, n, s.pool.idle)
		}
	}
	parts := Rule{Servers: []string{unix}, Timeout: 20 * time.Second, Action: actions.Reject}
	message := "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b\r\nContent-Type: application/octet-stream\r\n\r\n" + clamdtest.Eicar + "\r\n--b--\r\n"
	if got := said(run(t, rule(t, parts).check(), nil, message)); got != `CLAM_VIRUS(Winnow.Eicar.UNOFFICIAL) reject: clamav: virus found: "Winnow.Eicar.UNOFFICIAL"` {
		t.Error(got)
	}
}
