package mail

import "net/netip"

// Hops returns the chain with the artificial first hop that stands for the
// SMTP client when the envelope knows its IP and the newest header does not
// tell of the same one, as Rspamd's get_received. Headers are read the way
// Rspamd 4.1.6 reads them, for its rules count and compare what it read:
// headers that name neither "from" nor "by" are left out, names are lower
// case, Helo is FromName where the client's own word is not known, With is
// set only for protocols Rspamd knows.
func (m *Message) Hops() []Received {
	l := &m.lazyReceived
	l.hopsOnce.Do(func() { l.hops = m.readHops() })
	return l.hops
}

func (m *Message) readHops() []Received {
	fields := m.Header().All("Received")
	hops := make([]Received, 1, len(fields)+1) // [0] is for the artificial one
	for _, f := range fields {
		if r, ok := parseHop(f.Value()); ok {
			r.Field = f
			hops = append(hops, r)
		}
	}
	if len(hops) == 1 {
		return nil
	}
	client := m.env.ClientIP
	if top := hops[1].IP; client.IsValid() && client.Unmap() != top.Unmap() {
		hops[0] = m.artificialHop()
		return hops
	}
	return hops[1:]
}

func (m *Message) artificialHop() Received {
	name := m.env.ClientName
	return Received{
		IP:            m.env.ClientIP,
		FromName:      name,
		Helo:          name,
		By:            m.env.MTAName,
		TLS:           m.env.TLS != TLS{},
		Authenticated: m.env.User != "",
		Artificial:    true,
	}
}

// Client returns the SMTP client's address and name: the envelope's, or, when
// nothing is known about the connection, those of the newest Received header.
func (m *Message) Client() (ip netip.Addr, name string) {
	if m.env.ClientIP.IsValid() {
		return m.env.ClientIP, m.env.ClientName
	}
	name = m.env.ClientName
	if hops := m.Hops(); len(hops) > 0 && hops[0].IP.IsValid() {
		ip = hops[0].IP
		if name == "" {
			name = hops[0].FromName
		}
	}
	return ip, name
}
