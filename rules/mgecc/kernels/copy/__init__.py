"""Moving data: transposes, slices, joins, padding, changes of layout; views where nothing has to move."""
