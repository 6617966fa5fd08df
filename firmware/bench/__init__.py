"""What people drive appliances with: the only rooms with doors to files, the terminal and the wall clock."""
