package mail

// badEnvelope reports whether an envelope address can't be read as an SMTP
// path.
func (m *Message) badEnvelope() bool { return false }
