package cluster

import "github.com/hashicorp/raft"

// Voters are the members that vote, as this node's log has it, in its order: those of the
// cluster file, but for who waits to be taken in.
func (c *Cluster) Voters() []string {
	future := c.raft.GetConfiguration()
	if future.Error() != nil {
		return nil // raft is being shut down
	}
	var all []string
	for _, s := range future.Configuration().Servers {
		if s.Suffrage == raft.Voter {
			all = append(all, string(s.ID))
		}
	}
	return all
}
