package mail

type lazy struct{}
type partLazy struct{}
type textLazy struct{}

func (m *Message) split()             {}
func (l Limits) withDefaults() Limits { return l }
