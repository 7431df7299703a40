// ConsentEngine
