package ascii

import "testing"

func TestIndexFold(t *testing.T) {
	for _, c := range []struct {
		s, sub string
		want   int
	}{
		{"", "a", -1}, {"a", "A", 0}, {"xxRe:", "re:", 2}, {"re", "re:", -1},
		{"aab", "ab", 1}, {"@WWW.example.org", "@www.", 0}, {"É", "é", -1},
	} {
		if got := IndexFold(c.s, c.sub); got != c.want {
			t.Errorf("IndexFold(%q, %q) = %d, want %d", c.s, c.sub, got, c.want)
		}
	}
}

func TestEqualFold(t *testing.T) {
	if !EqualFold("Message-ID", "message-id") || EqualFold("Cc", "Ccc") || EqualFold("[", "{") {
		t.Error("EqualFold is wrong about the case of letters")
	}
}

func TestDottedQuad(t *testing.T) {
	for _, c := range []struct {
		s    string
		max  int
		want int
	}{
		{"192.0.2.1", 3, 9}, {"192.0.2.1]", 3, 9}, {"192.0.2", 3, 0}, {"192..2.1", 3, 0},
		{"1920.0.2.1", 3, 0}, {"1920.0.2.1", 0, 10}, {"", 0, 0}, {"1.2.3.", 0, 0},
	} {
		if got := DottedQuad(c.s, c.max); got != c.want {
			t.Errorf("DottedQuad(%q, %d) = %d, want %d", c.s, c.max, got, c.want)
		}
	}
}
