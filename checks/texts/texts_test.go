package texts

import "testing"

func TestOneLine(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "a": "a", "a\nb": "a b", "a \r\n\r\nb\n": "a b ", "\n\na": "a", "a\n b": "a  b",
	} {
		line, places := oneLine(text)
		if line != want {
			t.Errorf("%q: %q, want %q", text, line, want)
		}
		for i := range len(line) {
			if c := line[i]; c != ' ' && text[places.in(i)] != c {
				t.Errorf("%q: place %d of the line is %d", text, i, places.in(i))
			}
		}
	}
}

func TestKindsHaveNames(t *testing.T) {
	seen := map[string]bool{}
	for k := Header; k < kinds; k++ {
		if seen[k.String()] || k.String() == "" {
			t.Errorf("%d: %q", k, k)
		}
		seen[k.String()] = true
	}
}
