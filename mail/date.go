package mail

import "time"

// ParseDate reads an RFC 5322 date with its obsolete forms, comments and
// usual mistakes.
func ParseDate(s string) (time.Time, bool) { panic("todo") }

func (m *Message) date() (time.Time, bool) { panic("todo") }
