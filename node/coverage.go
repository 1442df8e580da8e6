package node

import "tvilling/raftfsm/command"

// Coverage returns the table of which care provider shows what.
func (s state) Coverage() ([]command.Coverage, error) {
	v, err := s.fsm.View()
	if err != nil {
		return nil, err
	}
	defer v.Close()
	return v.Coverage(), nil
}
