package texts

import "testing"

func TestOneLine(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "a": "a", "a\nb": "a b", "a \r\n\r\nb\n": "a b ", "\n\na": "a", "a\n b": "a  b",
	} {
		line, places := oneLine(text, false)
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

func TestParagraphs(t *testing.T) {
	for text, want := range map[string]int{"": 0, "a": 1, "a\nb": 3, "a\n\nb": 3, "a\r\n \r\n\r\nb": 6, "\n\na": 2, "a\n": 2} {
		if got := paragraph(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
	if line, _ := oneLine(" a\t b\n c ", true); line != "a b c " {
		t.Errorf("%q", line)
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
