package mail

type lazy struct{ lazyURLs }
type partLazy struct{}
type textLazy struct{ lazyHTML }

func (m *Message) split()             {}
func (l Limits) withDefaults() Limits { return l }
