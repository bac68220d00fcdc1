package charset

// Guesses bounds how often charsets are guessed, which costs far more than
// decoding does. A nil *Guesses sets no bound.
type Guesses struct {
	// Left is how many guesses may still be made. Once there are none the last
	// one holds, or windows-1252 if none was made.
	Left int
	// Blind tells that a charset was taken without any guess.
	Blind bool

	name       string
	confidence int
}

func (g *Guesses) detect(b []byte) (name string, confidence int) {
	switch {
	case g == nil:
		return detect(b)
	case g.Left > 0:
		g.Left--
		g.name, g.confidence = detect(b)
	case g.name == "":
		g.Blind = true
		return fallback, 0
	}
	return g.name, g.confidence
}
