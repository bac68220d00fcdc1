package mail

import "testing"

func TestBody(t *testing.T) {
	for raw, want := range map[string]string{
		"A: 1\r\n\r\nx\r\n": "x\r\n",
		"A: 1\n\n\ny":       "\ny",
		"A: 1\r\n":          "",
		"":                  "",
		"no header":         "no header",
		"A: 1\n\n12345678":  "12345678",
	} {
		if got := string(Parse([]byte(raw), Envelope{}, Limits{Size: 8}).Body()); got != want {
			t.Errorf("%q: %q, want %q", raw, got, want)
		}
	}
}
